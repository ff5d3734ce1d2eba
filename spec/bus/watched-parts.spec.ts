import {
  type BusPart,
  createBrokeredBus,
  createChannel,
  createEventBus,
  createEventSubject,
  defineEvent,
  type EventMessage,
  memoryBroker,
  memoryEventStore,
  OverflowError,
  type Part,
  payload,
  type Probe,
  runProjection,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const Tick = defineEvent('tick', payload<number>());
const Tock = defineEvent('tock', payload<number>());

/** A probe that knows the parts that it is given to. */
function registry(): { probe: Probe; lines: string[]; parts: Part[] } {
  const lines: string[] = [];
  const parts: Part[] = [];
  const label = ({ kind, name, owner }: Part): string =>
    `${owner === undefined ? '' : `${owner.name}: `}${kind} ${name}`;
  const probe: Probe = {
    attached(part) {
      parts.push(part);
      lines.push(`+ ${label(part)}`);
      return { detached: () => void lines.push(`- ${label(part)}`) };
    },
  };
  return { probe, lines, parts };
}

describe('the parts that a probe is shown', () => {
  it('are a bus and its handlers, as they come and go', () => {
    const { probe, lines, parts } = registry();
    const bus = createEventBus({ name: 'orders', probe });
    const mail = bus.on(Tick, () => undefined, { name: 'mail' });
    bus.on('*', () => undefined, { name: 'audit' });
    bus.emit(Tock, 1);
    mail.unsubscribe();
    expect(lines).toStrictEqual([
      '+ bus orders',
      '+ orders: handler mail',
      '+ orders: handler audit',
      '- orders: handler mail',
    ]);
    const [first, , audit] = parts;
    expect((first as BusPart).events()).toStrictEqual(['tick', 'tock']);
    expect(first!.stats()).toStrictEqual(bus.stats());
    expect(audit).toMatchObject({ kind: 'handler', owner: first });
    expect((audit as unknown as { listensTo(): string[] }).listensTo()).toStrictEqual(['tick', 'tock']);
    bus.close();
    expect(lines.slice(4).toSorted()).toStrictEqual(['- bus orders', '- orders: handler audit']);
  });

  it('are named with what they publish', async () => {
    const { probe, parts } = registry();
    const told: [string, Part][] = [];
    const both: Probe = { ...probe, publishing: ({ data }, by) => void told.push([String(data), by]) };
    await using broker = memoryBroker();
    using bus = createEventBus({ probe: both });
    await using brokered = createBrokeredBus(broker, { group: 'billing', probe: both });
    bus.emit(Tick, 1);
    await bus.publish(Tick, 2);
    brokered.emit(Tick, 3);
    await brokered.publish(Tick, 4);
    const [local, remote] = parts;
    expect(told).toStrictEqual([
      ['1', local],
      ['2', local],
      ['3', remote],
      ['4', remote],
    ]);
  });

  it('are those that there are, for a probe that comes later, until it goes', () => {
    const { probe, lines } = registry();
    const bus = createEventBus({ source: 'shop' });
    bus.on(Tick, () => undefined, { name: 'mail' });
    const watching = bus.addProbe(probe);
    expect(lines).toStrictEqual(['+ bus shop', '+ shop: handler mail']);
    watching.unsubscribe();
    expect(lines.slice(2)).toStrictEqual(['- bus shop', '- shop: handler mail']);
    bus.close();
    expect(lines).toHaveLength(4);
  });

  it('are a subject that stands alone', () => {
    const { probe, lines } = registry();
    createEventSubject(Tick, { probe }).on(() => undefined, { name: 'mail' });
    expect(lines).toStrictEqual(['+ bus tick', '+ tick: handler mail']);
  });

  it('are a channel and its workers', async () => {
    const { probe, lines, parts } = registry();
    const channel = createChannel<number>({ name: 'thumbnails', probe });
    channel.process(() => undefined, { name: 'resize' });
    await channel.send(1);
    expect(parts[0]!.stats()).toStrictEqual(channel.stats());
    await channel.drain();
    expect(lines).toStrictEqual([
      '+ channel thumbnails',
      '+ thumbnails: handler resize',
      '- thumbnails: handler resize',
      '- channel thumbnails',
    ]);
  });

  it('are a projection and its handler', async () => {
    const { probe, lines, parts } = registry();
    await using store = memoryEventStore();
    await store.append('a', { type: 'tick', data: 1 });
    const projection = runProjection(store, { name: 'counts', on: { tick: () => undefined } }, { probe });
    await projection.caughtUp();
    expect(parts[0]!.stats()).toStrictEqual(projection.stats());
    await projection.close();
    expect(lines).toStrictEqual([
      '+ projection counts',
      '+ counts: handler counts',
      '- counts: handler counts',
      '- projection counts',
    ]);
  });

  it('are a brokered bus and its handlers', async () => {
    const { probe, lines, parts } = registry();
    await using broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'billing', probe });
    bus.on(Tick, () => undefined, { name: 'charge' });
    await bus.ready;
    expect(parts[0]!.stats()).toMatchObject({ broker: { name: 'memory', state: 'connected' } });
    await bus.drain();
    expect(lines.toSorted()).toStrictEqual([
      '+ billing: handler charge',
      '+ bus billing',
      '- billing: handler charge',
      '- bus billing',
    ]);
  });
});

/** A probe that adds a header, and writes down what becomes of messages. */
function postman(): { probe: Probe; lines: string[] } {
  const lines: string[] = [];
  const describeEnd = ({ data, headers }: EventMessage, error: unknown): string =>
    `${String(data)} stamped ${headers['stamp']}${error === undefined ? '' : `: ${(error as Error).name}`}`;
  const probe: Probe = {
    publishing: ({ data }) => ({ stamp: `${String(data)}!` }),
    published: (message, error) => void lines.push(describeEnd(message, error)),
  };
  return { probe, lines };
}

describe('what a probe is told of a message that is sent', () => {
  it('is, in process, that it goes to its handlers, with the headers that were added', async () => {
    const { probe, lines } = postman();
    const bus = createEventBus({ probe });
    bus.on(Tick, ({ data }) => void lines.push(`handler ${data}`));
    bus.emit(Tick, 1);
    await bus.publish(Tick, 2);
    expect(lines).toStrictEqual(['1 stamped 1!', 'handler 1', '2 stamped 2!', 'handler 2']);
  });

  it('is, across a broker, that it is confirmed', async () => {
    const { probe, lines } = postman();
    await using broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'web', probe });
    const publishing = bus.publish(Tick, 1);
    expect(lines).toStrictEqual([]);
    await publishing;
    expect(lines).toStrictEqual(['1 stamped 1!']);
    bus.emit(Tick, 2);
    expect(lines).toHaveLength(1);
    await bus.drain();
    expect(lines.slice(1)).toStrictEqual(['2 stamped 2!']);
  });

  it('is, across a broker, why it is not confirmed', async () => {
    const { probe, lines } = postman();
    const broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'web', probe, outgoing: { capacity: 1 } });
    bus.emit(Tick, 1);
    expect(() => bus.emit(Tick, 2)).toThrow(OverflowError);
    expect(lines).toStrictEqual(['2 stamped 2!: OverflowError']);
    await broker.close();
    await expect(bus.publish(Tick, 3)).rejects.toThrow();
    expect(lines.at(-1)).toBe('3 stamped 3!: ClosedError');
    bus.close();
    expect(lines).toHaveLength(3);
  });
});

/** A probe that writes down what no handler was given, and what has been drained. */
function clerk(): { probe: Probe; lines: string[] } {
  const lines: string[] = [];
  const probe: Probe = {
    refused: ({ reason, event }, { kind, name }) =>
      void lines.push(`${reason} ${JSON.stringify((event as EventMessage).data ?? event)} by ${kind} ${name}`),
    drained: (name, { completed }) => void lines.push(`drained ${name}: ${completed}`),
  };
  return { probe, lines };
}

describe('what a probe is told of what no handler was given', () => {
  const Checked = defineEvent('checked', z.number());

  it('is the letter of data that did not fit', async () => {
    const { probe, lines } = clerk();
    const bus = createEventBus({ name: 'desk', probe });
    bus.ingest(Checked, 'one');
    await bus.ingestAsync(Checked, 'two');
    await bus.deadLetters.redrive();
    expect(lines.toSorted()).toStrictEqual([
      'invalid "one" by bus desk',
      'invalid "one" by bus desk',
      'invalid "two" by bus desk',
      'invalid "two" by bus desk',
    ]);
  });

  it('is the letter of a message that cannot be read', async () => {
    const { probe, lines } = clerk();
    await using broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'desk', probe });
    bus.deadLetters.subscribe();
    bus.on(Checked, () => undefined, { name: 'count' });
    await bus.ready;
    await broker.publish({ id: 'm', topic: 'checked', body: new TextEncoder().encode('"three"'), headers: {} });
    await expect.poll(() => lines).toStrictEqual([expect.stringMatching(/^invalid .* by handler count$/u)]);
    await bus.drain();
  });

  it('is the letter of an item that nobody took from its channel', () => {
    const { probe, lines } = clerk();
    const channel = createChannel<number>({ name: 'stock', probe });
    channel.trySend(7);
    channel[Symbol.dispose]();
    expect(lines).toStrictEqual(['abandoned 7 by channel stock']);
  });
});

describe('what a probe is told of a drain', () => {
  it('is that a bus was drained, once', async () => {
    const { probe, lines } = clerk();
    const bus = createEventBus({ name: 'desk', probe });
    bus.on(Tick, () => undefined, { name: 'count' });
    bus.emit(Tick, 1);
    await Promise.all([bus.drain(), bus.drain()]);
    await bus.drain();
    expect(lines).toStrictEqual(['drained desk: true']);
  });

  it('is that a brokered bus was', async () => {
    const { probe, lines } = clerk();
    await using broker = memoryBroker();
    await createBrokeredBus(broker, { group: 'desk', probe }).drain();
    expect(lines).toStrictEqual(['drained desk: true']);
  });
});
