import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, ProcessorStats } from 'millrace';
import { kafkaBroker } from 'millrace/kafka';
import { describe, QuakeReported } from '../shared/earthquakes/events.ts';
import { DemoError } from '../shared/demo-error.ts';
import { type KafkaView, openKafkaView } from '../shared/kafka-view.ts';
import { type OpenServer, openServer } from '../shared/open-server.ts';
import { stopSignal } from '../shared/signals.ts';
import { counted, dateOf } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import type { Options } from './options.ts';
import { publishQuakes } from './publish.ts';
import { QuakeTable } from './quake-table.ts';
import { openReader, type Reader } from './reader.ts';
import { type Remains, summarize } from './summary.ts';
import { readWeek, type Week } from './week.ts';

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

/** What all parts of the demo work with. */
interface Scene {
  readonly name: string;
  readonly from: number;
  readonly week: Week;
  readonly broker: Broker;
  readonly view: KafkaView;
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Starts Kafka, if it is not there, publishes the week, lets readers come later, and holds what they have found against the file and against Kafka.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws DemoError if there is no Kafka
 */
export async function run({ from }: Options): Promise<number> {
  const stop = stopSignal();
  const week = await readWeek();
  await using server = await openServer('kafka');
  const name = `replay-${randomBytes(4).toString('hex')}`;
  await using view = await openKafkaView(server.url, name, QuakeReported.type);
  // After the broker is closed: a group that has members stays.
  await using _ = { [Symbol.asyncDispose]: async () => (server.isOwn ? undefined : view.remove()) };
  await using broker = await kafkaBroker({
    connect: { brokers: server.url },
    prefix: `${name}.`,
    // Kafka deletes what is a week old, by the time of the event: these are older.
    topics: { partitions: 4, config: { 'retention.ms': '-1' } },
  });
  introduce(server, week, from);
  const say = startTimeline();
  const remains = await play({ name, from, week, broker, view, stop, say });
  if (remains === undefined) {
    say('Stopped: nothing is counted.');
    return 0;
  }
  const { lines, holds } = await summarize(remains);
  for (const line of lines) console.log(line);
  return holds ? 0 : 1;
}

/** @returns what is left, unless it was stopped */
async function play(scene: Scene): Promise<Remains | undefined> {
  const { from, week, broker, view, stop, say } = scene;
  const lives: ProcessorStats[] = [];
  const [some, all] = [new QuakeTable(), new QuakeTable()];

  say(`Published before anybody reads: ${counted(week.early.length, 'quake')}, each with its own time.`);
  let confirmed = await publishQuakes(broker, `${scene.name}-feed`, week.early, stop);
  if (stop.aborted) return undefined;

  say(`A group begins for the first time, from ${dateOf(from)}.`);
  const first = await begin(scene, 'since', { time: from }, some);
  await settled(scene, [first]);
  tell(say, some);
  lives.push(await end(first, 'since'));
  if (stop.aborted) return undefined;

  say('Another group begins, from the earliest.');
  const second = await begin(scene, 'whole', 'earliest', all);
  await settled(scene, [second]);
  tell(say, all);
  if (stop.aborted) return undefined;

  const late = counted(week.late.length, 'quake');
  say(`The last day comes: ${late}. The second group is there, and the first one is away.`);
  const [beforeSome, beforeAll] = [some.size, all.size];
  confirmed += await publishQuakes(broker, `${scene.name}-feed`, week.late, stop);
  const again = await begin(scene, 'since', 'earliest', some);
  await settled(scene, [again, second]);
  const news = { some: some.size - beforeSome, all: all.size - beforeAll };
  say(`The first group is there again, told to begin from the earliest. Kafka knows it: it was given ${news.some}.`);
  lives.push(await end(again, 'since-again'), await end(second, 'whole'));
  if (stop.aborted) return undefined;
  return { week, from, confirmed, some, all, news, lives, view };
}

async function begin(
  { name, broker }: Scene,
  what: string,
  from: Parameters<typeof openReader>[2],
  quakes: QuakeTable,
): Promise<Reader> {
  const reader = openReader(broker, `${name}-${what}`, from, quakes);
  await reader.ready;
  return reader;
}

/** Waits until no group has anything left, as Kafka says, and nobody is at work. */
async function settled({ view, stop }: Scene, readers: readonly Reader[]): Promise<void> {
  const startedAt = performance.now();
  while (!stop.aborted) {
    const isIdle = readers.every((reader) => reader.stats().pending === 0);
    if ((await view.unsettled()) === 0 && isIdle) return;
    if (performance.now() - startedAt > PATIENCE_MS) {
      throw new DemoError(`Expected readers to come to the end of the log, got ${PATIENCE_MS} ms without.`);
    }
    await sleep(LOOK_MS);
  }
}

/** @returns what it has done, under a name for the summary */
async function end(reader: Reader, name: string): Promise<ProcessorStats> {
  await reader.drain();
  return { ...reader.stats(), name };
}

function tell(say: Scene['say'], quakes: QuakeTable): void {
  const strongest = quakes.strongest === undefined ? '' : ` The strongest: ${describe(quakes.strongest)}.`;
  say(`  It has ${counted(quakes.size, 'quake')}.${strongest}`);
  for (const line of quakes.lines()) console.log(`          ${line}`);
}

function introduce({ title, url, isOwn }: OpenServer, { all }: Week, from: number): void {
  const lines = [
    `Replay: ${counted(all.length, 'quake')} of a real week go into a topic of Kafka, each with the time at which it happened.`,
    `Readers come later: a new group from ${dateOf(from)} on, by that time, and another one from the start of the log.`,
    '',
    `broker  ${title}, ${isOwn ? 'started for this demo' : 'which was up'}, at ${url}`,
    '',
  ];
  for (const line of lines) console.log(line);
}
