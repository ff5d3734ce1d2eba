import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, flaky, record, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());
const OrderPaid = defineEvent('order.paid', payload<{ id: string }>());
const OrderShipped = defineEvent('order.shipped', payload<{ id: string }>());

it(
  'leads an order from the cart to the door, through a bank that refuses once',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    bus.on(
      OrderPlaced,
      flaky(({ data }, { emit }) => emit(OrderPaid, data), 'x@4ms ok@4ms'),
      {
        name: 'bank',
        retry: { maxAttempts: 2, delayMs: 10 },
      },
    );
    bus.on(
      OrderPaid,
      delayed(({ data }, { emit }) => emit(OrderShipped, data), 6),
      { name: 'warehouse' },
    );
    const recorded = record(bus);
    const picture = timeline(bus);

    bus.emit(OrderPlaced, { id: 'o1' }, { id: 'first' });
    await bus.once(OrderShipped);

    expect(time.now).toBe(4 + 10 + 4 + 6);
    await bus.drain();
    // Whatever follows from the first event carries its id.
    expect(recorded.published('order.*').map(({ type, headers }) => [type, headers.correlationId])).toEqual([
      ['order.placed', undefined],
      ['order.paid', 'first'],
      ['order.shipped', 'first'],
    ]);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms             0    5    10   15   20
      order.placed   a-----------------------|
      order.paid     ------------------b-----|
      order.shipped  ------------------------(c|)
      bank           a~~~x---------2~~~|
      warehouse                        b~~~~~|"
    `);
  }),
);
