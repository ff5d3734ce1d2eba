import { createBrokeredBus, defineEvent, memoryBroker, payload } from 'millrace';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string; total: number }>());

describe('a brokered bus', () => {
  it('hands what was published to its handlers, and confirms it', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const totals: number[] = [];
    bus.on(OrderPlaced, ({ data }) => void totals.push(data.total), { name: 'charge', concurrency: 16 });
    await bus.ready;

    const report = await bus.publish(OrderPlaced, { id: 'o1', total: 40 });
    await bus.drain();

    expect(report).toMatchObject({ stage: 'confirmed', ok: true, unhandled: false, isDuplicate: false });
    expect(totals).toEqual([40]);
  });

  it('tells plain subscribers', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const next = firstValueFrom(bus.events('order.*'));
    const again = firstValueFrom(bus.subject(OrderPlaced));
    await bus.ready;
    bus.emit(OrderPlaced, { id: 'o1', total: 40 });
    expect((await next).data).toEqual({ id: 'o1', total: 40 });
    expect((await again).data).toEqual({ id: 'o1', total: 40 });
  });

  it('keeps dead letters on the broker, and redrives them', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    let isBroken = true;
    const handled: string[] = [];
    bus.on(
      OrderPlaced,
      ({ data }) => {
        if (isBroken) throw new Error('no money');
        handled.push(data.id);
      },
      { name: 'charge' },
    );
    await bus.ready;
    const letter = firstValueFrom(bus.deadLetters);
    await bus.publish(OrderPlaced, { id: 'o1', total: 40 }, { headers: { tenant: 'acme' } });
    expect(await letter).toMatchObject({ handler: 'charge', reason: 'exhausted' });
    const [stored] = await broker.letterStore('billing').list();
    expect(stored?.headers).toMatchObject({
      tenant: 'acme',
      'dead-letter-error': 'no money',
      'dead-letter-handler': 'charge',
    });

    const [listed] = await bus.deadLetters.list();
    expect(listed).toMatchObject({ handler: 'charge', reason: 'exhausted', event: { data: { id: 'o1', total: 40 } } });
    isBroken = false;
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 1 });
    expect(handled).toEqual(['o1']);
    expect(await bus.deadLetters.list()).toEqual([]);
  });
});
