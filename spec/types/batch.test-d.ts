import {
  type Batched,
  type BatchPolicy,
  type BusHandlerContext,
  createEventBus,
  createEventSubject,
  createProcessor,
  defineEvent,
  type EventMessage,
  type EventSubscription,
  type HandlerContext,
  type OnOptions,
  payload,
  type Processor,
  type ProcessorOptions,
} from 'millrace';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
const OrderPlaced = defineEvent('order.placed', z.object({ id: z.string(), total: z.number() }));

type OrderMessage = EventMessage<'order.placed', { id: string; total: number }>;
type SignUpMessage = EventMessage<'user.signed_up', { userId: string }>;

const bus = createEventBus();
const batch = { maxSize: 100, maxWaitMs: 50 } as const;

describe('a handler of batches', () => {
  it('is given readonly arrays of the messages, with no cast', () => {
    const subscription = bus.on(
      OrderPlaced,
      (events, context) => {
        expectTypeOf(events).toEqualTypeOf<readonly OrderMessage[]>();
        expectTypeOf(context).toEqualTypeOf<BusHandlerContext>();
        expectTypeOf(events.map(({ data }) => data.total)).toEqualTypeOf<number[]>();
        // @ts-expect-error an array has no data
        events.data;
        // @ts-expect-error readonly: what is taken out would be missing in the next attempt
        events.pop();
      },
      { batch },
    );
    expectTypeOf(subscription).toEqualTypeOf<EventSubscription>();
  });

  it('may be async, destructure, or be an object', () => {
    bus.on(OrderPlaced, async ([first, ...others], { signal, attempt }) => [first, others, signal, attempt], { batch });
    bus.on(
      OrderPlaced,
      {
        handle(events, context) {
          expectTypeOf(events).toEqualTypeOf<readonly OrderMessage[]>();
          expectTypeOf(context).toEqualTypeOf<BusHandlerContext>();
        },
      },
      { batch },
    );
    class Rows {
      async handle(events: readonly OrderMessage[]): Promise<number> {
        return events.length;
      }
    }
    bus.on(OrderPlaced, new Rows(), { batch });
    const save = async (rows: readonly { data: { id: string } }[]): Promise<number> => rows.length;
    bus.on(OrderPlaced, save, { batch });
    bus.on(OrderPlaced, () => undefined, { batch });
  });

  it('is given a union of a list, narrowed by the type of each', () => {
    bus.on(
      [OrderPlaced, UserSignedUp],
      (events) => {
        expectTypeOf(events).toEqualTypeOf<readonly (OrderMessage | SignUpMessage)[]>();
        for (const event of events) {
          if (event.type === 'order.placed') expectTypeOf(event.data.total).toEqualTypeOf<number>();
          else expectTypeOf(event.data).toEqualTypeOf<{ userId: string }>();
        }
      },
      { batch },
    );
  });

  it('is given what a pattern matches: unknown data, or of a bus that knows its events, theirs', () => {
    bus.on('user.*', (events) => expectTypeOf(events).toEqualTypeOf<readonly EventMessage[]>(), { batch });
    const typed = createEventBus({ events: [UserSignedUp, OrderPlaced] });
    typed.on('user.*', (events) => expectTypeOf(events).toEqualTypeOf<readonly SignUpMessage[]>(), { batch });
    typed.on('>', (events) => expectTypeOf(events).toEqualTypeOf<readonly (OrderMessage | SignUpMessage)[]>(), {
      batch,
    });
    typed.on(OrderPlaced, (_events, { emit }) => emit(UserSignedUp, { userId: 'u1' }), { batch });
    // @ts-expect-error no event of the bus matches
    typed.on('account.*', (events: readonly EventMessage[]) => events.length, { batch });
  });

  it('is one of a subject, or of a view that only listens, too', () => {
    for (const subject of [bus.subject(OrderPlaced), createEventSubject(OrderPlaced)]) {
      subject.on((events) => expectTypeOf(events).toEqualTypeOf<readonly OrderMessage[]>(), { batch });
      // @ts-expect-error a handler of single events
      subject.on((event: OrderMessage) => event.data, { batch });
      // @ts-expect-error a handler of batches, without one
      subject.on((events: readonly OrderMessage[]) => events.length);
    }
    bus.asReadonly().on(
      OrderPlaced,
      (events, context) => {
        expectTypeOf(events).toEqualTypeOf<readonly OrderMessage[]>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
        // @ts-expect-error not on this side
        context.emit;
      },
      { batch },
    );
  });

  it('is refused without a batch, and a handler of single events with one', () => {
    // @ts-expect-error a handler of single events
    bus.on(OrderPlaced, (event: OrderMessage) => event.data.total, { batch });
    // @ts-expect-error an array has no data
    bus.on(OrderPlaced, (event) => event.data.total, { batch });
    // @ts-expect-error an array cannot be destructured like an event
    bus.on(OrderPlaced, ({ data }) => data, { batch });
    // @ts-expect-error an object that handles single events
    bus.on(OrderPlaced, { handle: (event: OrderMessage) => event.data.total }, { batch });
    // @ts-expect-error a handler of batches
    bus.on(OrderPlaced, (events: readonly OrderMessage[]) => events.length);
    // @ts-expect-error a handler of batches, with other options
    bus.on(OrderPlaced, (events: readonly OrderMessage[]) => events.length, { concurrency: 4 });
    // @ts-expect-error batches of another event
    bus.on(OrderPlaced, (events: readonly SignUpMessage[]) => events.length, { batch });
    // @ts-expect-error an array that it may change
    bus.on(OrderPlaced, (events: OrderMessage[]) => events.pop(), { batch });
  });

  it('has no place in once: the next event is one event', () => {
    // @ts-expect-error no batch of one
    bus.once(OrderPlaced, (events: readonly OrderMessage[]) => events.length, { batch });
    // @ts-expect-error no batch of one
    bus.once(OrderPlaced, () => undefined, { batch });
  });
});

describe('the options of a handler of batches', () => {
  it('are all others, with the key of a single event', () => {
    bus.on(OrderPlaced, (events) => events.length, {
      name: 'rows',
      batch,
      concurrency: 4,
      retry: { maxAttempts: 3 },
      signal: new AbortController().signal,
      key: (event) => {
        expectTypeOf(event).toEqualTypeOf<OrderMessage>();
        return event.data.id;
      },
    });
    bus.on(OrderPlaced, () => undefined, { batch: {} });
    bus.on(OrderPlaced, () => undefined, { batch: { maxSize: 5 } });
    expectTypeOf<BatchPolicy>().toEqualTypeOf<{ readonly maxSize?: number; readonly maxWaitMs?: number }>();
    // @ts-expect-error the key is one of a single event
    bus.on(OrderPlaced, () => undefined, { batch, key: (events: readonly OrderMessage[]) => events.length });
    // @ts-expect-error no such option
    bus.on(OrderPlaced, () => undefined, { batch: { size: 5 } });
    // @ts-expect-error a policy is no number
    bus.on(OrderPlaced, () => undefined, { batch: 100 });
    // @ts-expect-error no such option beside it
    bus.on(OrderPlaced, () => undefined, { batch, concurency: 4 });
  });

  it('may be kept in a variable, as may those without', () => {
    const single: OnOptions<OrderMessage> = { concurrency: 2, key: ({ data }) => data.id };
    bus.on(OrderPlaced, ({ data }) => data.total, single);
    bus.subject(OrderPlaced).on(({ data }) => data.total, single);
    // @ts-expect-error without a batch, there are no arrays
    bus.on(OrderPlaced, (events: readonly OrderMessage[]) => events.length, single);
    const batched: Batched<OnOptions<OrderMessage>> = { ...single, batch };
    bus.on(OrderPlaced, (events) => events.map(({ data }) => data.total), batched);
    bus.subject(OrderPlaced).on((events) => events.length, batched);
    // @ts-expect-error with a batch, there are only arrays
    bus.on(OrderPlaced, ({ data }) => data.total, batched);
    // @ts-expect-error options of a single event have none
    const none: OnOptions<OrderMessage> = { batch };
    // @ts-expect-error those of batches have one
    const some: Batched<OnOptions<OrderMessage>> = { concurrency: 2 };
    bus.on(OrderPlaced, () => [none, some]);
  });
});

describe('a processor of batches', () => {
  interface Job {
    readonly path: string;
  }

  it('takes single items, and infers them from its handler', () => {
    const processor = createProcessor((jobs: readonly Job[]) => jobs.length, { batch });
    expectTypeOf(processor).toEqualTypeOf<Processor<Job>>();
    processor.trySend({ path: 'a.png' });
    // @ts-expect-error one by one
    processor.trySend([{ path: 'a.png' }]);
  });

  it('gives arrays to a handler whose item is named', () => {
    createProcessor<Job>(
      (jobs, context) => {
        expectTypeOf(jobs).toEqualTypeOf<readonly Job[]>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
      },
      { batch, key: (job) => job.path },
    );
    const options: Batched<ProcessorOptions<Job>> = { batch, concurrency: 2 };
    createProcessor<Job>((jobs) => jobs.map(({ path }) => path), options);
    // @ts-expect-error a handler of single items
    createProcessor<Job>((job: Job) => job.path, { batch });
    // @ts-expect-error an array has no path
    createProcessor<Job>((jobs) => jobs.path, { batch });
    // @ts-expect-error a handler of batches
    createProcessor<Job>((jobs: readonly Job[]) => jobs.length);
  });
});
