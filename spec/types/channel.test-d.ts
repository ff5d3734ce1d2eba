import {
  type Batched,
  type Channel,
  type ChannelOptions,
  type ChannelStats,
  type ChannelWorkers,
  createChannel,
  createDeadLetterQueue,
  type DeadLetterQueue,
  type DrainReport,
  type HandlerContext,
  type ProcessorStats,
  type ReportedError,
  type WorkerOptions,
} from 'millrace';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

interface Placed {
  readonly type: 'placed';
  readonly id: string;
}

interface Shipped {
  readonly type: 'shipped';
  readonly parcels: number;
}

type Order = Placed | Shipped;

const orders = createChannel<Order>();

describe('createChannel', () => {
  it('is of its item', () => {
    expectTypeOf(orders).toEqualTypeOf<Channel<Order>>();
    expectTypeOf(createChannel()).toEqualTypeOf<Channel<unknown>>();
    expectTypeOf(orders.deadLetters).toEqualTypeOf<DeadLetterQueue<Order>>();
    expectTypeOf(orders.errors).toEqualTypeOf<Observable<ReportedError>>();
  });

  it('takes letters of its item, and knows its options', () => {
    const options: ChannelOptions<Order> = { name: 'orders', capacity: 0, deadLetters: createDeadLetterQueue<Order>() };
    createChannel<Order>(options);
    // @ts-expect-error letters of something else
    createChannel<Order>({ deadLetters: createDeadLetterQueue<number>() });
    // @ts-expect-error no such option
    createChannel<Order>({ size: 5 });
    // @ts-expect-error a channel has one policy: producers wait
    createChannel<Order>({ overflow: 'drop-oldest' });
  });
});

describe('producers', () => {
  it('send its items, and nothing else', () => {
    expectTypeOf(orders.send({ type: 'placed', id: 'o1' })).toEqualTypeOf<Promise<void>>();
    expectTypeOf(orders.trySend({ type: 'shipped', parcels: 2 })).toEqualTypeOf<boolean>();
    void orders.send({ type: 'placed', id: 'o1' }, { signal: new AbortController().signal });
    // @ts-expect-error neither of the two
    orders.trySend({ type: 'placed', parcels: 2 });
    // @ts-expect-error another item
    void orders.send('o1');
    // @ts-expect-error a signal, not its controller
    void orders.send({ type: 'placed', id: 'o1' }, { signal: new AbortController() });
    // @ts-expect-error no such option
    void orders.send({ type: 'placed', id: 'o1' }, { timeoutMs: 5 });
  });
});

describe('process', () => {
  it('gives workers items that narrow', () => {
    const workers = orders.process((order, context) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(context).toEqualTypeOf<HandlerContext>();
      if (order.type === 'placed') return order.id.length;
      expectTypeOf(order).toEqualTypeOf<Shipped>();
      return order.parcels;
    });
    expectTypeOf(workers).toEqualTypeOf<ChannelWorkers>();
    orders.process({
      handle(order) {
        expectTypeOf(order).toEqualTypeOf<Order>();
      },
    });
    // @ts-expect-error no handler
    orders.process('pack');
    // @ts-expect-error a handler of something else
    orders.process((order: number) => order);
  });

  it('takes the options of a handler, but for what the channel decides', () => {
    orders.process(() => undefined, {
      name: 'pack',
      concurrency: 8,
      key: (order) => order.type,
      retry: { maxAttempts: 3 },
      timeoutMs: 1_000,
      breaker: {},
    });
    // @ts-expect-error the channel has the bound
    orders.process(() => undefined, { capacity: 5 });
    // @ts-expect-error producers wait
    orders.process(() => undefined, { overflow: 'drop-oldest' });
    // @ts-expect-error what was accepted is finished
    orders.process(() => undefined, { strategy: 'switch' });
    // @ts-expect-error the channel's
    orders.process(() => undefined, { scheduler: undefined });
    // @ts-expect-error no such property
    orders.process(() => undefined, { key: (order) => order.id });
    expectTypeOf<WorkerOptions<Order>>().not.toHaveProperty('capacity');
  });

  it('gives arrays to workers in batches', () => {
    const workers = orders.process(
      (batch, { attempt }) => {
        expectTypeOf(batch).toEqualTypeOf<readonly Order[]>();
        expectTypeOf(attempt).toEqualTypeOf<number>();
      },
      {
        batch: { maxSize: 100, maxWaitMs: 50 },
        key: (order) => {
          expectTypeOf(order).toEqualTypeOf<Order>();
          return order.type;
        },
      },
    );
    expectTypeOf(workers).toEqualTypeOf<ChannelWorkers>();
    const batched: Batched<WorkerOptions<Order>> = { batch: { maxSize: 5 } };
    orders.process((batch) => batch.length, batched);
    // @ts-expect-error of one item, where there are several
    orders.process((order: Order) => order.type, { batch: { maxSize: 5 } });
    // @ts-expect-error of several, where there is one
    orders.process((batch: readonly Order[]) => batch.length, { concurrency: 2 });
    // @ts-expect-error what is in a batch stays in it
    orders.process((batch) => batch.pop(), { batch: { maxSize: 5 } });
    // @ts-expect-error the channel has the bound
    orders.process((batch) => batch.length, { batch: { maxSize: 5 }, capacity: 5 });
    // @ts-expect-error batches have one strategy
    orders.process((batch) => batch.length, { batch: { maxSize: 5 }, strategy: 'exhaust' });
    // @ts-expect-error no such policy
    orders.process((batch) => batch.length, { batch: { size: 5 } });
  });

  it('returns workers that can be watched, held and ended', () => {
    const workers = orders.process(() => undefined);
    expectTypeOf(workers.stats()).toEqualTypeOf<ProcessorStats>();
    expectTypeOf(workers.drain({ deadlineMs: 5 })).toEqualTypeOf<Promise<DrainReport>>();
    expectTypeOf(workers.close()).toEqualTypeOf<void>();
    expectTypeOf(workers).toExtend<Disposable & AsyncDisposable>();
    // @ts-expect-error the channel is sent to, not its workers
    workers.send({ type: 'placed', id: 'o1' });
    // @ts-expect-error a name is given once
    workers.name = 'pack';
  });
});

describe('readers', () => {
  it('iterate over items that narrow', () => {
    expectTypeOf(orders).toExtend<AsyncIterable<Order>>();
    expectTypeOf(orders[Symbol.asyncIterator]()).toEqualTypeOf<AsyncIterableIterator<Order>>();
    const loop = async (): Promise<void> => {
      for await (const order of orders) {
        expectTypeOf(order).toEqualTypeOf<Order>();
        if (order.type === 'shipped') expectTypeOf(order.parcels).toEqualTypeOf<number>();
      }
    };
    expectTypeOf(loop).toBeFunction();
  });

  it('subscribe to an Observable of items, which cannot be sent into', () => {
    expectTypeOf(orders.events()).toEqualTypeOf<Observable<Order>>();
    // @ts-expect-error the channel is sent to
    orders.events().next;
  });
});

describe('a channel', () => {
  it('tells its state, and ends', () => {
    expectTypeOf(orders.stats()).toEqualTypeOf<ChannelStats>();
    expectTypeOf<ChannelStats['state']>().toEqualTypeOf<'closed' | 'open'>();
    expectTypeOf(orders.isClosed).toEqualTypeOf<boolean>();
    expectTypeOf(orders.drain()).toEqualTypeOf<Promise<DrainReport>>();
    expectTypeOf(orders).toExtend<Disposable & AsyncDisposable>();
    // @ts-expect-error that is told, not set
    orders.isClosed = true;
    // @ts-expect-error no such option
    void orders.drain({ timeoutMs: 5 });
  });

  it('of a narrower item is not one of a wider item: it would be sent what it does not take', () => {
    const placed = createChannel<Placed>();
    // @ts-expect-error it takes no shipped ones
    const wider: Channel<Order> = placed;
    expectTypeOf(wider).not.toBeNever();
  });
});
