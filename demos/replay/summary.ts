import type { ProcessorStats } from 'millrace';
import { magnitudeOf, type Quake } from '../shared/earthquakes/events.ts';
import type { KafkaView } from '../shared/kafka-view.ts';
import { type Sum, sumUp, type Summary } from '../shared/sums.ts';
import type { QuakeTable } from './quake-table.ts';
import { expectedCounts, since, type Week } from './week.ts';

/** What is left when all is over. */
export interface Remains {
  readonly week: Week;
  /** Where the first group has begun. */
  readonly from: number;
  /** Quakes that Kafka has confirmed. */
  readonly confirmed: number;
  /** The table of the group that began later, */
  readonly some: QuakeTable;
  /** and of the one that has read everything. */
  readonly all: QuakeTable;
  /** Of each table, the quakes that came on the last day. */
  readonly news: { readonly some: number; readonly all: number };
  /** Each life of each group. */
  readonly lives: readonly ProcessorStats[];
  readonly view: Pick<KafkaView, 'events' | 'eventsSince' | 'unsettled'>;
}

/** Holds what the groups have found against the file, and both against Kafka, asked with its own client. */
export async function summarize(remains: Remains): Promise<Summary> {
  const { week, from, confirmed, some, all, news, lives, view } = remains;
  const wanted = since(week.all, from);
  const { early, late } = week;
  return sumUp(lives, [
    { of: 'quakes in the file', whole: week.all.length, parts: { 'at first': early.length, late: late.length } },
    { of: 'confirmed by Kafka', whole: confirmed, parts: { 'in the file': week.all.length } },
    { of: 'in the topic, says Kafka', whole: await view.events(), parts: { confirmed } },
    {
      of: 'from that time on, says Kafka',
      whole: await view.eventsSince(from),
      parts: { 'in the file': wanted.length },
    },
    ...sumsOfTable('first group', some, wanted),
    ...sumsOfTable('second group', all, week.all),
    { of: 'new ones of the first group', whole: news.some, parts: { late: late.length } },
    { of: 'new ones of the second group', whole: news.all, parts: { late: late.length } },
    {
      of: 'events handled',
      whole: lives.reduce((sum, { handled }) => sum + handled, 0),
      parts: { 'in the tables': some.size + all.size, repeated: some.repeated + all.repeated },
    },
    { of: 'left in the topic', whole: 0, parts: { unsettled: await view.unsettled() } },
  ]);
}

function sumsOfTable(whose: string, quakes: QuakeTable, wanted: readonly Quake[]): readonly Sum[] {
  const expected = expectedCounts(wanted);
  const equal = [...quakes.counts].filter(([key, count]) => expected.get(key) === count).length;
  const strongest = Math.max(...wanted.map(magnitudeOf));
  const found = quakes.strongest === undefined ? -Infinity : magnitudeOf(quakes.strongest);
  return [
    { of: `quakes of the ${whose}`, whole: quakes.size, parts: { 'in the file': wanted.length } },
    { of: '  in order, region by region', whole: quakes.size, parts: { 'as they happened': quakes.inOrder } },
    { of: '  cells of its table', whole: expected.size, parts: { 'equal to the file': equal } },
    { of: '  its strongest, in tenths', whole: Math.round(10 * strongest), parts: { found: Math.round(10 * found) } },
  ];
}
