import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, record, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());

it(
  'sends dead letters back to their handler when what broke is repaired, so many a second',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const charged: string[] = [];
    // Broken for three calls, and whole from then on.
    bus.on(
      OrderPlaced,
      flaky(({ data }) => charged.push(`${data.id} at ${time.now}`), 'x x x ok'),
      { name: 'charge' },
    );
    bus.on(OrderPlaced, () => {}, { name: 'thank-you-mail' });
    const recorded = record(bus);

    for (const id of ['o1', 'o2', 'o3']) bus.emit(OrderPlaced, { id });
    expect(recorded.deadLettered(OrderPlaced).map(({ handler, event }) => [handler, event.data.id])).toEqual([
      ['charge', 'o1'],
      ['charge', 'o2'],
      ['charge', 'o3'],
    ]);

    const report = await bus.deadLetters.redrive({ perSecond: 2 });

    expect(report).toMatchObject({ handled: 3, dead: 0 });
    expect(charged).toEqual(['o1 at 0', 'o2 at 500', 'o3 at 1000']);
    expect(await bus.deadLetters.list()).toEqual([]);
    // Who had thanked already does not thank twice.
    expect(recorded.handled(OrderPlaced).filter(({ handler }) => handler === 'thank-you-mail')).toHaveLength(3);
  }),
);
