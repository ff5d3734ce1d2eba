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

/** A job before it is known who is told of what. */
type Plan = Omit<Job, 'handle' | 'onDead'>;

/** Measures pools: the time per event from the first that is sent to the last that has ended. */
export function poolEntrant(runJob: RunJob, { failingEvery, ...setting }: PoolSetting): Entrant {
  const plan = { ...COMMON, ...setting };
  return {
    run: ({ events }) => timed(runJob, { ...plan, events }, failingEvery),
    verify: async () => {
      await verifyOutcomes(runJob, { ...plan, events: 5_000 });
      if (plan.timeoutMs !== undefined) await verifyTimeout(runJob, { ...plan, events: 100, timeoutMs: 20 });
    },
  };
}

async function timed(runJob: RunJob, plan: Plan, failingEvery = Infinity): Promise<Measures> {
  const { events, maxAttempts } = plan;
  let sum = 0;
  let failures = 0;
  let dead = 0;
  // Within 32 bits: an overflow would cost the handler its compiled code.
  const succeed = async (event: number): Promise<void> => {
    sum = (sum + event) | 0;
  };
  const succeedOrFail = async (event: number): Promise<void> => {
    if (event % failingEvery !== 0) {
      sum = (sum + event) | 0;
      return;
    }
    failures++;
    throw new Error('This one always fails.');
  };
  const handle = failingEvery === Infinity ? succeed : succeedOrFail;
  const stop = startStopwatch(events);
  await runJob({ ...plan, handle, onDead: () => void dead++ });
  const measures = stop();
  const failing = failingEvery === Infinity ? 0 : Math.ceil(events / failingEvery);
  const sumOfFailing = failing === 0 ? 0 : (failingEvery * failing * (failing - 1)) / 2;
  expectEqual('the sum of the handled events', sum, ((events * (events - 1)) / 2 - sumOfFailing) | 0);
  expectEqual('the dead letters', dead, failing);
  expectEqual('the failed attempts', failures, failing * maxAttempts);
  return measures;
}

/** Of ten events, one fails for good and one once; all handlers yield, so that lanes and limits are put to the test. */
async function verifyOutcomes(runJob: RunJob, plan: Plan): Promise<void> {
  const { events, key, maxAttempts } = plan;
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
  await runJob({ ...plan, handle, onDead: (event) => void dead[event]!++ });
  for (let event = 0; event < events; event++) {
    const expected = event % 10 === 0 ? maxAttempts : event % 10 === 1 ? 2 : 1;
    expectEqual(`the attempts for event ${event}`, attempts[event], expected);
    expectEqual(`the dead letters of event ${event}`, dead[event], event % 10 === 0 ? 1 : 0);
  }
  expectEqual('events of a key that ran at the same time', overlaps, 0);
  expectEqual('events of a key that overtook', overtakings, 0);
}

/** One event hangs at each attempt. */
async function verifyTimeout(runJob: RunJob, plan: Plan): Promise<void> {
  const dead: number[] = [];
  const handle = (event: number): Promise<void> => (event === 50 ? new Promise(() => undefined) : Promise.resolve());
  await runJob({ ...plan, handle, onDead: (event) => void dead.push(event) });
  expectEqual('the events that took too long', dead.join(), '50');
}
