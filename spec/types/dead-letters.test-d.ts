import {
  createDeadLetterQueue,
  createEventBus,
  type DeadLetter,
  type DeadLetterQueue,
  type DeadLetterReason,
  type DeadLetterStore,
  type EventMessage,
  memoryDeadLetterStore,
  type RedriveReport,
} from 'millrace';
import { map, type Observable, type Subject } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

describe('a dead letter', () => {
  const letter = {} as DeadLetter;

  it('closes its reasons, so that a switch can be complete', () => {
    expectTypeOf(letter.reason).toEqualTypeOf<
      'abandoned' | 'exhausted' | 'invalid' | 'invalid-key' | 'overflow' | 'rejected' | 'timeout'
    >();
    const text = (reason: DeadLetterReason): string => {
      switch (reason) {
        case 'abandoned':
        case 'exhausted':
        case 'invalid':
        case 'invalid-key':
        case 'overflow':
        case 'rejected':
        case 'timeout':
          return reason;
        default:
          return expectNever(reason);
      }
    };
    expectTypeOf(text).returns.toEqualTypeOf<string>();
  });

  it('is of an event by default, whose data is unknown', () => {
    expectTypeOf(letter.event).toEqualTypeOf<EventMessage>();
    expectTypeOf(letter.event.data).toEqualTypeOf<unknown>();
    expectTypeOf(letter.handler).toEqualTypeOf<string | undefined>();
    expectTypeOf(letter.error).toEqualTypeOf<unknown>();
    // @ts-expect-error readonly
    letter.redriven = 5;
    // @ts-expect-error unknown
    letter.event.data.id;
  });
});

describe('a dead-letter queue', () => {
  it('is a Subject of letters', () => {
    const queue = createDeadLetterQueue<number>();
    expectTypeOf(queue).toEqualTypeOf<DeadLetterQueue<number>>();
    expectTypeOf(queue).toExtend<Subject<DeadLetter<number>>>();
    expectTypeOf(queue.pipe(map(({ event }) => event))).toEqualTypeOf<Observable<number>>();
    // @ts-expect-error a number is no letter
    queue.next(5);
  });

  it('is of messages by default, as a bus needs it', () => {
    const queue = createDeadLetterQueue();
    expectTypeOf(queue).toEqualTypeOf<DeadLetterQueue>();
    createEventBus({ deadLetters: queue });
    // @ts-expect-error letters of numbers are none of events
    createEventBus({ deadLetters: createDeadLetterQueue<number>() });
  });

  it('selects by letters of its type', () => {
    const queue = createDeadLetterQueue<number>();
    expectTypeOf(queue.list()).toEqualTypeOf<Promise<readonly DeadLetter<number>[]>>();
    expectTypeOf(queue.discard({ limit: 5 })).toEqualTypeOf<Promise<number>>();
    expectTypeOf(
      queue.redrive({
        filter: ({ event }) => {
          expectTypeOf(event).toEqualTypeOf<number>();
          return event > 5;
        },
        perSecond: 10,
        signal: new AbortController().signal,
      }),
    ).toEqualTypeOf<Promise<RedriveReport>>();
    // @ts-expect-error a listing has no rate
    void queue.list({ perSecond: 10 });
    // @ts-expect-error no such option
    void queue.redrive({ rate: 10 });
  });

  it('takes a store that answers now or later', () => {
    const later: DeadLetterStore<number> = {
      add: async () => undefined,
      remove: () => undefined,
      list: async () => [],
    };
    createDeadLetterQueue({ store: later });
    expectTypeOf(memoryDeadLetterStore<number>()).toEqualTypeOf<DeadLetterStore<number>>();
    // @ts-expect-error a store lists, too
    createDeadLetterQueue({ store: { add: () => undefined, remove: () => undefined } });
    // @ts-expect-error a store of numbers is none of texts
    createDeadLetterQueue<string>({ store: later });
  });
});

function expectNever(value: never): never {
  throw new Error(`Expected nothing, got ${String(value)}.`);
}
