import * as fc from 'fast-check';
import { createProcessor, type DeadLetter } from 'millrace';
import { catchError, defer, EMPTY, lastValueFrom, mergeMap, type Observable, retry, Subject, tap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { SteppedClock } from '../support/stepped-clock.ts';
import { settled } from '../support/virtual-clock.ts';

/** An event, when it comes, and how each of its attempts goes; the last one is repeated. */
interface Scheduled {
  readonly number: number;
  readonly waitMs: number;
  /** Without a time, it ends within the call. */
  readonly attempts: readonly { readonly fails: boolean; readonly tookMs: number | undefined }[];
}

interface Schedule {
  readonly events: readonly Omit<Scheduled, 'number'>[];
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly delayMs: number;
}

/** What became of a schedule: the trace of each event, and of all in their order. */
interface Outcome {
  readonly handled: number[];
  readonly dead: number[];
  readonly attempts: Record<number, number>;
  /** `<time> start|handled|dead <event>`, in order. */
  readonly trace: string[];
}

/** Somebody who handles the events of a hot source, until the source has completed and all has ended. */
type Contestant = (
  event$: Observable<Scheduled>,
  handle: (event: Scheduled) => unknown,
  schedule: Schedule,
  clock: SteppedClock,
  note: { handled: (event: Scheduled) => void; dead: (event: Scheduled) => void },
) => Promise<unknown>;

/** The pipeline of DESIGN.md, as anybody would write it in plain RxJS. */
const plainRxJS: Contestant = (event$, handle, { concurrency, maxAttempts, delayMs }, clock, note) =>
  lastValueFrom(
    event$.pipe(
      mergeMap(
        (event) =>
          defer(async () => handle(event)).pipe(
            retry({ count: maxAttempts - 1, delay: (_, n) => timer(delayMs * 2 ** (n - 1), clock) }),
            tap(() => note.handled(event)),
            catchError(() => {
              note.dead(event);
              return EMPTY;
            }),
          ),
        concurrency,
      ),
    ),
    { defaultValue: undefined },
  );

const engine: Contestant = (event$, handle, { concurrency, maxAttempts, delayMs }, clock, note) => {
  const retryPolicy = { maxAttempts, delayMs, maxDelayMs: 1_000_000 };
  const options = { concurrency, capacity: Infinity, retry: retryPolicy, scheduler: clock };
  const processor = createProcessor<Scheduled>(handle, options);
  processor.deadLetters.subscribe(({ event }: DeadLetter<Scheduled>) => note.dead(event));
  return new Promise((resolve) => {
    event$.subscribe({
      next: (event) => void processor.trySend(event, ({ outcome }) => outcome === 'handled' && note.handled(event)),
      complete: () => resolve(processor.drain()),
    });
  });
};

async function outcomeOf(contestant: Contestant, schedule: Schedule): Promise<Outcome> {
  const clock = new SteppedClock();
  const outcome: Outcome = { handled: [], dead: [], attempts: {}, trace: [] };
  const note = (what: string, { number }: Scheduled): void =>
    void outcome.trace.push(`${clock.now()} ${what} ${number}`);

  function handle(event: Scheduled): Promise<void> | undefined {
    const attempt = (outcome.attempts[event.number] ?? 0) + 1;
    outcome.attempts[event.number] = attempt;
    note('start', event);
    const { fails, tookMs } = event.attempts[Math.min(attempt, event.attempts.length) - 1]!;
    const failure = new Error('planned');
    if (tookMs === undefined && fails) throw failure;
    if (tookMs === undefined) return undefined;
    return new Promise((resolve, reject) => {
      clock.schedule(() => (fails ? reject(failure) : resolve()), tookMs);
    });
  }

  const event$ = new Subject<Scheduled>();
  let time = 0;
  for (const [number, event] of schedule.events.entries()) {
    time += event.waitMs;
    clock.schedule(() => event$.next({ ...event, number }), time);
  }
  clock.schedule(() => event$.complete(), time);
  const ended = contestant(event$, handle, schedule, clock, {
    handled: (event) => {
      outcome.handled.push(event.number);
      note('handled', event);
    },
    dead: (event) => {
      outcome.dead.push(event.number);
      note('dead', event);
    },
  });
  do await settled();
  while (clock.step());
  await ended;
  return outcome;
}

const schedules: fc.Arbitrary<Schedule> = fc.record({
  events: fc.array(
    fc.record({
      waitMs: fc.nat({ max: 12 }),
      attempts: fc.array(
        fc.record({ fails: fc.boolean(), tookMs: fc.option(fc.nat({ max: 15 }), { nil: undefined }) }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  concurrency: fc.integer({ min: 1, max: 5 }),
  maxAttempts: fc.integer({ min: 1, max: 5 }),
  delayMs: fc.nat({ max: 20 }),
});

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((one, other) => one - other);

describe('the engine, next to the pipeline of plain RxJS', { timeout: 60_000 }, () => {
  it('handles the same events, lets the same ones die, and makes as many attempts of each', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const ours = await outcomeOf(engine, schedule);
        const plain = await outcomeOf(plainRxJS, schedule);
        expect(sorted(ours.handled)).toEqual(sorted(plain.handled));
        expect(sorted(ours.dead)).toEqual(sorted(plain.dead));
        expect(ours.attempts).toEqual(plain.attempts);
      }),
      { numRuns: 100 },
    );
  });

  it('does so in the same order and at the same times, one at a time', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const oneAtATime = { ...schedule, concurrency: 1 };
        const ours = await outcomeOf(engine, oneAtATime);
        const plain = await outcomeOf(plainRxJS, oneAtATime);
        expect(ours.trace).toEqual(plain.trace);
      }),
      { numRuns: 50 },
    );
  });

  it('does so at the same times where no attempt fails, however many at a time', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const events = schedule.events.map(({ waitMs, attempts: [{ tookMs } = { tookMs: undefined }] }) => ({
          waitMs,
          attempts: [{ fails: false, tookMs }],
        }));
        const ours = await outcomeOf(engine, { ...schedule, events });
        const plain = await outcomeOf(plainRxJS, { ...schedule, events });
        expect(ours.trace).toEqual(plain.trace);
      }),
      { numRuns: 50 },
    );
  });
});
