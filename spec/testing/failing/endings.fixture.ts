import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, hanging, virtualTest } from 'millrace/testing';
import { defer, interval, retry } from 'rxjs';
import { it } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());

const ask = async (): Promise<never> => {
  throw new Error('busy');
};

it(
  'never-ending retry with a delay',
  virtualTest(async () => {
    const bus = createEventBus();
    bus.on(
      OrderPlaced,
      flaky(() => {}, 'x'),
      { name: 'mail', retry: { maxAttempts: Infinity, delayMs: 10, multiplier: 1 } },
    );
    await bus.publish(OrderPlaced, { id: 'o1' });
  }),
);

it(
  'never-ending retry of a handler without a delay',
  virtualTest(
    async () => {
      const bus = createEventBus();
      bus.on(OrderPlaced, ask, { name: 'mail', retry: { maxAttempts: Infinity, delayMs: 0 } });
      await bus.publish(OrderPlaced, { id: 'o1' });
    },
    { maxTimers: 500 },
  ),
);

it(
  'never-ending retry of RxJS without a delay',
  virtualTest(({ expect }) => {
    expect(defer(ask).pipe(retry())).toBeObservable('-');
  }),
);

it(
  'interval that nobody stops',
  virtualTest(async ({ time }) => {
    interval(100).subscribe();
    await time.runAll();
  }),
);

it(
  'unhandled rejection',
  virtualTest(async ({ time }) => {
    setTimeout(() => void ask(), 10);
    await time.advance(100);
  }),
);

it(
  'pending timers',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    bus.on(OrderPlaced, hanging(), { name: 'slow', timeoutMs: 5_000 });
    bus.emit(OrderPlaced, { id: 'o1' });
    await time.advance(1_000);
  }),
);

it(
  'promise that nobody settles',
  virtualTest(async () => {
    await new Promise(() => {});
  }),
);

it(
  'timer that throws',
  virtualTest(async ({ time }) => {
    setTimeout(() => {
      throw new Error('thrown by a timer');
    }, 10);
    await time.advance(100);
  }),
);
