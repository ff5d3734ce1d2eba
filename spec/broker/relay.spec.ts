import { createEventBus, defineEvent, memoryBroker, memoryEventStore, payload, relay } from 'millrace';
import { expect, it } from 'vitest';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const deposits = (count: number) =>
  Array.from({ length: count }, (_, amount) => ({ type: 'account.deposited', data: { amount } }));

it('publishes to a bus, in order, and goes on after a restart', async () => {
  await using store = memoryEventStore();
  await using bus = createEventBus();
  const seen: [number, string | undefined][] = [];
  bus.on(Deposited, ({ data, headers }) => void seen.push([data.amount, headers['streamVersion']]));
  await store.append('account-1', deposits(100));
  {
    await using outbox = relay(store, bus, { events: [Deposited] });
    await outbox.caughtUp();
    expect(seen).toHaveLength(100);
  }
  await store.append('account-1', deposits(10));
  await using outbox = relay(store, bus, { events: [Deposited] });
  await outbox.caughtUp();
  expect(seen).toHaveLength(110);
  expect(seen.map(([, version]) => Number(version))).toStrictEqual(Array.from({ length: 110 }, (_, i) => i + 1));
});

it('publishes to a broker as CloudEvents', async () => {
  await using store = memoryEventStore();
  await using broker = memoryBroker();
  const subscription = broker.subscribe({ topics: '>', group: 'all', maxInFlight: 1000 });
  await subscription.ready;
  await using outbox = relay(store, broker);
  await store.append('account-1', deposits(250));
  await outbox.caughtUp();
  const ids: string[] = [];
  for await (const delivery of subscription) {
    await delivery.ack();
    if (ids.push(delivery.message.id) < 250) continue;
    expect(delivery.message).toMatchObject({
      topic: 'account.deposited',
      key: 'account-1',
      headers: { 'ce-specversion': '1.0', 'ce-source': 'memory', stream: 'account-1', streamVersion: '250' },
    });
    break;
  }
  expect(new Set(ids).size).toBe(250);
});
