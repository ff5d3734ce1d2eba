import type { Job, RunJob } from '../contestants/pool/job.ts';
import { expectEqual } from './expect-equal.ts';
import type { Entrant, Measures } from './row.ts';
import { startStopwatch } from './stopwatch.ts';

/** What rows set differently. */
export type PoolSetting = Partial<Pick<Job, 'delayMs' | 'key' | 'timeoutMs'>> & {
  /** Every so many events, one fails at each attempt. @default none */
  readonly failingEvery?: number;
};

const COMMON = { concurrency: 16, capacity: 1024, maxAttempts: 3, delayMs: 1, timeoutMs: undefined, key: undefined };

/** Measures pools: the time per event from the first that is sent to the last that has ended. */
export function poolEntrant(runJob: RunJob, { failingEvery = Infinity, ...setting }: PoolSetting): Entrant {
  return {
    run: ({ events }) => timed(runJob, { ...COMMON, ...setting, events }, failingEvery),
    verify: () => verify(runJob, { ...COMMON, ...setting, events: 5_000 }),
  };
}

async function timed(runJob: RunJob, job: Omit<Job, 'handle' | 'onDead'>, failingEvery: number): Promise<Measures> {
  const { events, maxAttempts } = job;
  let sum = 0;
  let failures = 0;
  let dead = 0;
  const handle =
    failingEvery === Infinity
      ? async (event: number): Promise<void> => {
          sum += event;
        }
      : async (event: number): Promise<void> => {
          if (event % failingEvery === 0) {
            failures++;
            throw new Error('This one always fails.');
          }
          sum += event;
        };
  const stop = startStopwatch(events);
  await runJob({ ...job, handle, onDead: () => void dead++ });
  const measures = stop();
  const failing = Math.ceil(events / failingEvery);
  const sumOfFailing = failingEvery === Infinity ? 0 : (failingEvery * failing * (failing - 1)) / 2;
  expectEqual('the sum of the handled events', sum, (events * (events - 1)) / 2 - sumOfFailing);
  expectEqual('the dead letters', dead, failingEvery === Infinity ? 0 : failing);
  expectEqual('the failed attempts', failures, failingEvery === Infinity ? 0 : failing * maxAttempts);
  return measures;
}

/** Of ten events, one fails for good and one once; all handlers yield, so that lanes and limits are put to the test. */
async function verify(runJob: RunJob, job: Omit<Job, 'handle' | 'onDead'>): Promise<void> {
  const { events, key, maxAttempts } = job;
  const attempts = new Uint8Array(events);
  const dead = new Uint8Array(events);
  const busy = new Set<number>();
  const latest = new Map<number, number>();
  let overlaps = 0;
  let overtakings = 0;
  const handle = async (event: number): Promise<void> => {
    const lane = key === undefined ? event : key(event);
    if (busy.has(lane)) overlaps++;
    if ((latest.get(lane) ?? -1) > event) overtakings++;
    busy.add(lane);
    latest.set(lane, event);
    await new Promise((resolve) => setImmediate(resolve));
    busy.delete(lane);
    attempts[event]!++;
    if (event % 10 === 0 || (event % 10 === 1 && attempts[event] === 1)) throw new Error('This one fails.');
  };
  await runJob({ ...job, handle, onDead: (event) => void dead[event]!++ });
  for (let event = 0; event < events; event++) {
    const expected = event % 10 === 0 ? maxAttempts : event % 10 === 1 ? 2 : 1;
    expectEqual(`the attempts for event ${event}`, attempts[event], expected);
    expectEqual(`the dead letters of event ${event}`, dead[event], event % 10 === 0 ? 1 : 0);
  }
  expectEqual('events of a key that ran at the same time', overlaps, 0);
  expectEqual('events of a key that overtook', overtakings, 0);
}
