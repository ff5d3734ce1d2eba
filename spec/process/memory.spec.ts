import {
  createDeadLetterQueue,
  createProcessor,
  type DeadLetterQueue,
  type HandlerContext,
  type Processor,
  type ProcessorOptions,
} from 'millrace';
import { NEVER, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { countAlive, heapAfter } from '../support/garbage.ts';
import { MANY } from '../support/many.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

interface Event {
  readonly number: number;
}

type Handle = (event: Event, context: HandlerContext) => unknown;

/** Hands over so many events, a thousand a turn, and returns how many, of every thousandth and of the last, are held when all have ended. */
async function leftBy(
  processor: Processor<Event>,
  count: number,
  { isListenedTo = false, goOn = settled }: { isListenedTo?: boolean; goOn?: () => Promise<void> } = {},
): Promise<number> {
  const events: WeakRef<object>[] = [];
  const send = (number: number): void => {
    const event = { number };
    if (number % (count / 1_000) === 0 || number > count - 100) events.push(new WeakRef(event));
    processor.trySend(event, isListenedTo ? () => undefined : undefined);
  };
  for (let number = 0; number < count; number++) {
    send(number);
    if (number % 1_000 === 999) await goOn();
  }
  while (processor.stats().pending > 0) await goOn();
  let alive = await countAlive(events);
  // A compiler that works in the background may hold some for a while.
  for (let again = 0; alive > 0 && again < 20; again++) alive = await countAlive(events);
  // Still in use, so that it was not collected as a whole.
  expect(processor.stats()).toMatchObject({ state: 'open', accepted: count, pending: 0 });
  return alive;
}

/** Letters are what is meant to be kept of events: these are not. */
function forgetfulQueue(): DeadLetterQueue<Event> {
  return createDeadLetterQueue<Event>({
    store: { add: () => undefined, remove: () => undefined, list: () => [] },
  });
}

describe('a processor that has run very many events', { timeout: 60_000 }, () => {
  it.each<{ how: string; handle: Handle; options: ProcessorOptions<Event>; isListenedTo?: boolean }>([
    { how: 'called at once', handle: () => undefined, options: {} },
    { how: 'by promises', handle: () => Promise.resolve(), options: { concurrency: 16 } },
    {
      how: 'in lanes',
      handle: (_event, { attempt }) => Promise.resolve(attempt),
      options: { concurrency: 16, key: ({ number }) => number % 100 },
    },
    { how: 'with a listener', handle: () => undefined, options: { concurrency: 16 }, isListenedTo: true },
  ])('keeps none of them alive: $how', async ({ handle, options, ...how }) => {
    const processor = createProcessor(handle, { capacity: Infinity, ...options });
    expect(await leftBy(processor, MANY, how)).toBe(0);
  });
});

describe('a processor whose events have all ended', { timeout: 60_000 }, () => {
  it.each<{ how: string; handle: Handle; options: ProcessorOptions<Event> }>([
    { how: 'by Observables', handle: () => of(1), options: { timeoutMs: 5 } },
    { how: 'dead', handle: () => throwError(() => 'no'), options: {} },
    {
      how: 'dead after retries',
      handle: () => Promise.reject('no'),
      options: { retry: { maxAttempts: 2, delayMs: 1 } },
    },
    { how: 'dead for want of a key', handle: () => undefined, options: { key: () => JSON.parse('') } },
    { how: 'dropped', handle: () => Promise.resolve(), options: { overflow: 'drop-oldest', capacity: 10 } },
    { how: 'superseded', handle: () => NEVER, options: { strategy: 'switch', timeoutMs: 1 } },
    { how: 'timed out', handle: () => new Promise(() => undefined), options: { timeoutMs: 1, concurrency: 1_000 } },
  ])('keeps none of them alive: $how', async ({ handle, options }) => {
    const clock = new VirtualClock();
    const processor = createProcessor(handle, {
      capacity: Infinity,
      concurrency: 16,
      scheduler: clock,
      deadLetters: forgetfulQueue(),
      ...options,
    });
    expect(await leftBy(processor, 20_000, { goOn: () => clock.advance(1) })).toBe(0);
  });

  it('keeps none of them alive: in batches', async () => {
    const clock = new VirtualClock();
    const processor = createProcessor<Event>((_events: readonly Event[]) => timer(1, clock), {
      batch: { maxSize: 7, maxWaitMs: 3 },
      capacity: Infinity,
      key: ({ number }) => number % 100,
      concurrency: 50,
      scheduler: clock,
    });
    expect(await leftBy(processor, 20_000, { goOn: () => clock.advance(1) })).toBe(0);
  });
});

describe('attempts that were given up', () => {
  it(
    'leave nothing behind when their promises settle at last, however many they were',
    { timeout: 60_000 },
    async () => {
      const clock = new VirtualClock();
      const late: (() => void)[] = [];
      const handle = (): Promise<void> => new Promise((resolve) => void late.push(resolve));
      const options = { timeoutMs: 1, concurrency: 1_000, deadLetters: forgetfulQueue(), scheduler: clock };
      const processor = createProcessor<Event>(handle, options);
      processor.errors.subscribe();
      const run = async (): Promise<void> => {
        for (let round = 0; round < 100; round++) {
          for (let number = 0; number < 1_000; number++) processor.trySend({ number });
          await clock.advance(1);
        }
        for (const end of late.splice(0)) end();
        await settled();
      };
      expect(await heapAfter(run)).toBeLessThan(5_000_000);
      expect(processor.stats()).toMatchObject({ dead: 100_000, late: 100_000, pending: 0 });
    },
  );
});
