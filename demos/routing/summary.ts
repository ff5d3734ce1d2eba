import type { DeadLetter, RedriveReport } from 'millrace';
import { magnitudeOf, placeOf, type Quake, regionOf } from '../shared/earthquakes/events.ts';
import { type Sum, sumUp, type Summary } from '../shared/sums.ts';
import type { Exchanges } from './exchanges.ts';
import { Office, type Published } from './office.ts';
import { CUT_OFF } from './pager.ts';

/** What is left when all is over. */
export interface Remains {
  readonly strong: number;
  readonly quakes: readonly Quake[];
  readonly first: Published;
  readonly others: Published;
  readonly office: Pick<Office, 'desks' | 'heard' | 'letters'>;
  /** Before they were redriven. */
  readonly letters: readonly DeadLetter[];
  readonly redrive: RedriveReport;
  readonly exchanges: Pick<Exchanges, 'all' | 'strong' | 'waiting'>;
}

/** Holds what each desk has heard against the file, and against RabbitMQ, asked with its own client. */
export async function summarize(remains: Remains): Promise<Summary> {
  const { strong, quakes, first, others, office, letters, redrive, exchanges } = remains;
  const { desks, heard } = office;
  // All, unless it was stopped.
  const published = quakes.slice(0, first.confirmed + others.confirmed);
  const strongOnes = published.filter((quake) => magnitudeOf(quake) >= strong);
  const cutOff = strongOnes.filter((quake) => regionOf(placeOf(quake)) === CUT_OFF);
  const deskSums = desks.map(({ desk, wanted }): Sum => {
    return { of: `heard by ${desk.name}`, whole: heard.count(desk.name), parts: { 'in the file': wanted } };
  });
  return sumUp(
    desks.map(({ stats }) => stats),
    [
      {
        of: 'alerts confirmed',
        whole: first.confirmed + others.confirmed,
        parts: { 'of the first day': first.confirmed, 'of the others': others.confirmed },
      },
      {
        of: 'with nobody there, says RabbitMQ',
        whole: first.unhandled + others.unhandled,
        parts: { 'that no desk wants, in the file': first.unwanted + others.unwanted },
      },
      {
        of: 'strong ones, says RabbitMQ',
        whole: await exchanges.strong(),
        parts: { 'in the file': strongOnes.length },
      },
      {
        of: 'since the archive, says RabbitMQ',
        whole: await exchanges.all(),
        parts: { 'of the other days': others.confirmed },
      },
      ...deskSums,
      {
        of: 'handled by all desks',
        whole: desks.reduce((sum, { stats }) => sum + stats.handled, 0),
        parts: {
          heard: desks.reduce((sum, { desk }) => sum + heard.count(desk.name), 0),
          repeated: heard.repeated,
        },
      },
      { of: 'dead letters', whole: letters.length, parts: { [`strong ones in ${CUT_OFF}`]: cutOff.length } },
      {
        of: 'of them redriven',
        whole: letters.length,
        parts: { handled: redrive.handled, left: (await office.letters()).length },
      },
      {
        of: 'left in the queues',
        whole: 0,
        parts: { waiting: await exchanges.waiting(Office.remains.groups) },
      },
    ],
  );
}
