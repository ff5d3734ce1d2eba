import { createEventBus, defineEvent, type EventMessage, memoryEventStore, payload } from 'millrace';
import { type EventsEndpoint, serveEvents } from 'millrace/bridge';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { collect } from '../support/collect.ts';
import { Tick, Tock } from '../support/events.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';
import { cloudEventOf, problemOf, publishing, subscribe, subscribing } from './support/requests.ts';

const Priced = defineEvent('priced', z.object({ symbol: z.string(), price: z.number() }));

const dataOf = (messages: readonly { data: unknown }[]) => messages.map(({ data }) => (data as { data: unknown }).data);

describe('a client that subscribes', () => {
  it('is sent the events on the list, and no others', async () => {
    const bus = createEventBus({ source: 'desk' });
    using events = serveEvents(bus, { send: [Tick] });
    using reader = await subscribe(events);
    bus.emit(Tock, 7);
    bus.emit(Tick, 1, { id: 't1', subject: 's', headers: { correlationId: 'c', secret: 'x' } });
    bus.emit(Tick, 2);
    const [first, second] = await reader.take(2);
    expect(first).toMatchObject({ event: 'message', id: expect.stringMatching(/^\w+\.1$/) });
    expect(first!.data).toStrictEqual({
      specversion: '1.0',
      id: 't1',
      type: 'tick',
      source: 'desk',
      time: expect.stringMatching(/^20\d\d-.*Z$/),
      subject: 's',
      correlationid: 'c',
      datacontenttype: 'application/json',
      data: 1,
    });
    expect(second!.data).toMatchObject({ type: 'tick', data: 2 });
    expect(events.stats()).toMatchObject({ clients: 1, sent: 2, gaps: 0 });
  });

  it('is told that nobody may keep, pack or sniff the stream', async () => {
    using events = serveEvents(createEventBus(), { send: [Tick] });
    const response = await events.fetch(subscribing());
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    await response.body!.cancel();
    expect(events.stats().clients).toBe(0);
  });

  it('goes on behind its last event when it comes back', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick] });
    const reader = await subscribe(events);
    bus.emit(Tick, 1);
    await reader.next();
    await reader.cancel();
    bus.emit(Tick, 2);
    bus.emit(Tick, 3);
    using again = await subscribe(events, { 'last-event-id': reader.id });
    expect(dataOf(await again.take(2))).toStrictEqual([2, 3]);
    expect(events.stats()).toMatchObject({ clients: 1, gaps: 0 });
  });

  it('misses nothing when it was cut off before its first event', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick] });
    const reader = await subscribe(events);
    await reader.cancel();
    bus.emit(Tick, 1);
    using again = await subscribe(events, { 'last-event-id': reader.id });
    expect(dataOf(await again.take(1))).toStrictEqual([1]);
  });

  it('begins with what is kept, where it is asked for', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick], from: 'start', buffer: { capacity: 2 } });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    using reader = await subscribe(events);
    expect(dataOf(await reader.take(2))).toStrictEqual([2, 3]);
    expect(events.stats()).toMatchObject({ gaps: 0, buffered: { events: 2, bytes: expect.any(Number) } });
  });

  it('is told of the gap when it was away for too long', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick], buffer: { capacity: 2 } });
    const reader = await subscribe(events);
    await reader.cancel();
    for (const data of [1, 2, 3, 4, 5]) bus.emit(Tick, data);
    using again = await subscribe(events, { 'last-event-id': reader.id });
    const [gap, ...rest] = await again.take(3);
    expect(gap).toMatchObject({ event: 'gap', data: { reason: 'too-old', lost: 3 } });
    expect(dataOf(rest)).toStrictEqual([4, 5]);
  });

  it.each(['1', 'abc.1', '../../etc/passwd', '0', '%F0', 'x'.repeat(5_000)])(
    'is told of a gap, and goes on, when its last id was forged',
    async (id) => {
      const bus = createEventBus();
      using events = serveEvents(bus, { send: [Tick] });
      using reader = await subscribe(events, { 'last-event-id': id });
      bus.emit(Tick, 1);
      const [gap, event] = await reader.take(2);
      expect(gap).toMatchObject({ event: 'gap', data: { reason: 'unknown-id' } });
      expect(event).toMatchObject({ data: { data: 1 } });
    },
  );

  it('is told of a gap when its id is of a time that has not come', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick] });
    const reader = await subscribe(events);
    await reader.cancel();
    using again = await subscribe(events, { 'last-event-id': reader.id.replace(/\d+$/, '99') });
    bus.emit(Tick, 1);
    expect((await again.take(2)).map(({ event }) => event)).toStrictEqual(['gap', 'message']);
  });

  it('sees only what it may see', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, {
      send: [Tick],
      authorize: (request) => {
        const least = Number(request.headers.get('x-least'));
        return (event) => (event.data as number) >= least;
      },
    });
    using reader = await subscribe(events, { 'x-least': '3' });
    for (const data of [1, 2, 3, 4]) bus.emit(Tick, data);
    expect(dataOf(await reader.take(2))).toStrictEqual([3, 4]);
    expect(events.stats().sent).toBe(2);
  });

  it('hears of the server when nothing happens, and how far it has come', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    using events = serveEvents(bus, { send: [Tick], heartbeatMs: 1_000, authorize: () => () => false });
    using reader = await subscribe(events);
    const before = reader.id;
    bus.emit(Tick, 1);
    await scheduler.advance(2_000);
    events.close();
    expect(await reader.next()).toBeUndefined();
    expect(reader.comments).toStrictEqual(['heartbeat', 'heartbeat']);
    expect(reader.id).not.toBe(before);
  });

  it('is not counted any more when its request is aborted', async () => {
    using events = serveEvents(createEventBus(), { send: [Tick] });
    const leaving = new AbortController();
    await events.fetch(subscribing({}, leaving.signal));
    expect(events.stats().clients).toBe(1);
    leaving.abort();
    expect(events.stats().clients).toBe(0);
  });

  it('finds no room beyond maxClients, and finds it when another leaves', async () => {
    using events = serveEvents(createEventBus(), { send: [Tick], maxClients: 2, authorize: async () => true });
    const responses = await Promise.all([1, 2, 3].map(() => events.fetch(subscribing())));
    expect(responses.map(({ status }) => status)).toStrictEqual([200, 200, 503]);
    expect(responses[2]!.headers.get('retry-after')).toBe('5');
    await responses[0]!.body!.cancel();
    expect((await events.fetch(subscribing())).status).toBe(200);
  });

  it('has to come again after a while, so that it is authorised again, and misses nothing', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    const authorize = vi.fn(() => true);
    using events = serveEvents(bus, { send: [Tick], maxStreamMs: 60_000, heartbeatMs: 10_000, authorize });
    const reader = await subscribe(events);
    await scheduler.advance(60_000);
    expect(await reader.next()).toBeUndefined();
    bus.emit(Tick, 1);
    using again = await subscribe(events, { 'last-event-id': reader.id });
    expect(dataOf(await again.take(1))).toStrictEqual([1]);
    expect(authorize).toHaveBeenLastCalledWith(expect.anything(), {
      kind: 'subscribe',
      types: ['tick'],
      lastEventId: reader.id,
    });
  });
});

describe('a client that is slow', () => {
  it('is told of what it missed, and goes on with what is kept', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick], buffer: { capacity: 10 } });
    using reader = await subscribe(events);
    const subject = 'x'.repeat(500);
    for (let at = 1; at <= 1_000; at++) {
      bus.emit(Tick, at, { subject });
      if (at % 5 === 0) await settled();
    }
    // Its stream has had room for some of them; of the others, the last ten are kept.
    let expected = 1;
    let gaps = 0;
    for (let message = await reader.next(); expected <= 1_000; message = await reader.next()) {
      if (message!.event === 'gap') {
        gaps++;
        expected += (message!.data as { lost: number }).lost;
      } else {
        expect(dataOf([message!])).toStrictEqual([expected]);
        expected++;
      }
      if (expected > 1_000) break;
    }
    expect(gaps).toBe(1);
    expect(events.stats()).toMatchObject({ gaps: 1, buffered: { events: 10 } });
  });

  it('is cut off when it takes nothing for too long', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    using events = serveEvents(bus, { send: [Tick], heartbeatMs: 10_000, maxStallMs: 30_000 });
    const response = await events.fetch(subscribing());
    for (let at = 0; at < 500; at++) bus.emit(Tick, at);
    await scheduler.advance(20_000);
    expect(events.stats()).toMatchObject({ clients: 1, cut: 0 });
    await scheduler.advance(20_000);
    expect(events.stats()).toMatchObject({ clients: 0, cut: 1 });
    await expect(response.body!.getReader().read()).rejects.toThrow('too slow');
  });

  it('is cut off where it was asked for, and told of the gap when it comes back', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    using events = serveEvents(bus, {
      send: [Tick],
      heartbeatMs: 1_000,
      buffer: { capacity: 10, overflow: 'disconnect' },
    });
    const reader = await subscribe(events);
    for (let at = 0; at < 2_000; at++) {
      bus.emit(Tick, at);
      if (at % 10 === 9) await settled();
    }
    await scheduler.advance(1_000);
    expect(events.stats()).toMatchObject({ clients: 0, cut: 1 });
    using again = await subscribe(events, { 'last-event-id': reader.id });
    expect(await again.next()).toMatchObject({ event: 'gap', data: { reason: 'too-old' } });
  });
});

describe('with a store', () => {
  async function filled(count: number) {
    const store = memoryEventStore();
    for (let at = 1; at <= count; at++) await store.append('ticks', { type: 'tick', data: at });
    return store;
  }

  it('a client goes on from any event, also after a restart of the server', async () => {
    await using store = await filled(3);
    const first = serveEvents(createEventBus(), { send: [Tick], store, from: 'start' });
    const reader = await subscribe(first);
    expect(dataOf(await reader.take(2))).toStrictEqual([1, 2]);
    first.close();
    await store.append('ticks', { type: 'tick', data: 4 });
    using second = serveEvents(createEventBus(), { send: [Tick], store });
    using again = await subscribe(second, { 'last-event-id': reader.id });
    expect(dataOf(await again.take(2))).toStrictEqual([3, 4]);
    await store.append('ticks', [
      { type: 'tock', data: 5 },
      { type: 'tick', data: 6 },
    ]);
    expect(dataOf(await again.take(1))).toStrictEqual([6]);
    expect(second.stats()).toMatchObject({ sent: 3, gaps: 0, buffered: { events: 0, bytes: 0 } });
  });

  it('a new client begins at the end, from the moment it was greeted', async () => {
    await using store = await filled(3);
    using events = serveEvents(createEventBus(), { send: [Tick], store });
    const reader = await subscribe(events);
    await reader.cancel();
    await store.append('ticks', { type: 'tick', data: 4 });
    using again = await subscribe(events, { 'last-event-id': reader.id });
    expect(dataOf(await again.take(1))).toStrictEqual([4]);
  });

  it.each(['1', '9/9', '999999/999999', '1/end', '1/abc', '-1/1', '1.1', '../1'])(
    'is told of a gap for a forged id: %s',
    async (id) => {
      await using store = await filled(3);
      using events = serveEvents(createEventBus(), { send: [Tick], store });
      using reader = await subscribe(events, { 'last-event-id': id });
      await store.append('ticks', { type: 'tick', data: 4 });
      const [gap, event] = await reader.take(2);
      expect(gap).toMatchObject({ event: 'gap', data: { reason: 'unknown-id' } });
      expect(event).toMatchObject({ data: { data: 4 } });
    },
  );

  it('a client that is slow misses nothing', async () => {
    await using store = await filled(1_000);
    using events = serveEvents(createEventBus(), { send: [Tick], store, from: 'start' });
    using reader = await subscribe(events);
    await settled();
    expect(dataOf(await reader.take(1_000))).toStrictEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
  });

  it('ends the streams when the store fails, and reports it', async () => {
    const store = await filled(1);
    using events = serveEvents(createEventBus(), { send: [Tick], store });
    const reader = await subscribe(events);
    await store.close();
    expect(await reader.next()).toBeUndefined();
    const errors = collectErrors(events);
    const response = await events.fetch(subscribing());
    expect(response.status).toBe(500);
    expect(await problemOf(response)).not.toHaveProperty('stack');
    expect(errors).toMatchObject([{ kind: 'bridge', error: { code: 'CLOSED' } }]);
  });
});

function collectErrors(events: EventsEndpoint): unknown[] {
  const errors: unknown[] = [];
  events.errors.subscribe((error) => errors.push(error));
  return errors;
}

describe('a client that publishes', () => {
  const receiving = (options = {}) => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.events([Tick, Priced]).subscribe((event) => seen.push(event));
    return { bus, seen, events: serveEvents(bus, { receive: [Tick, Priced], ...options }) };
  };

  it('is told when its event was handled', async () => {
    const { seen, events } = receiving();
    const response = await events.fetch(
      publishing({ ...cloudEventOf('tick', 1), subject: 's', correlationid: 'c', role: 'admin' }),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual({ events: [{ id: 'e1', outcome: 'taken' }] });
    expect(seen).toMatchObject([
      { id: 'e1', type: 'tick', data: 1, source: 'spec', subject: 's', headers: { correlationId: 'c' } },
    ]);
    expect(seen[0]!.headers).toStrictEqual({ correlationId: 'c' });
    expect(seen[0]!.time).toBe(Date.parse('2026-11-23T00:00:00Z'));
  });

  it('has its batch taken in order', async () => {
    const { seen, events } = receiving();
    const batch = Array.from({ length: 100 }, (_, at) => cloudEventOf('tick', at, `e${at}`));
    expect((await events.fetch(publishing(batch))).status).toBe(200);
    expect(seen.map(({ data }) => data)).toStrictEqual(batch.map(({ data }) => data));
  });

  it('is told what became of each event of a batch', async () => {
    const { seen, events, bus } = receiving({ authorize: () => (event: { data: unknown }) => event.data !== 13 });
    const response = await events.fetch(
      publishing([
        cloudEventOf('tick', 1, 'a'),
        cloudEventOf('tick', 1, 'a'),
        cloudEventOf('tock', 1, 'b'),
        cloudEventOf('priced', { symbol: 'X', price: 'cheap' }, 'c'),
        cloudEventOf('tick', 13, 'd'),
        { hello: 'world' },
        null,
      ]),
    );
    const problem = await problemOf(response);
    expect(response.status).toBe(403);
    expect((problem['events'] as { outcome: string }[]).map(({ outcome }) => outcome)).toStrictEqual([
      'taken',
      'duplicate',
      'not-allowed',
      'invalid',
      'forbidden',
      'invalid',
      'invalid',
    ]);
    expect(seen).toHaveLength(1);
    expect(events.stats().received).toStrictEqual({
      taken: 1,
      duplicate: 1,
      'not-allowed': 1,
      invalid: 3,
      forbidden: 1,
      busy: 0,
    });
    // Strangers must not push out the letters that matter.
    expect(bus.stats().invalid).toBe(0);
  });

  it('may send an event again whose answer was lost: it is taken once', async () => {
    const { seen, events } = receiving();
    for (const outcome of ['taken', 'duplicate']) {
      const response = await events.fetch(publishing(cloudEventOf('tick', 1)));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ events: [{ outcome }] });
    }
    expect(seen).toHaveLength(1);
  });

  it('is told to come again when handlers are full, and is taken then', async () => {
    const { bus, events } = receiving();
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    const handled: number[] = [];
    bus.on(
      Tick,
      async ({ data }) => {
        await work;
        handled.push(data);
      },
      { name: 'slow', capacity: 0, overflow: 'fail' },
    );
    const first = events.fetch(publishing(cloudEventOf('tick', 1, 'a')));
    await settled();
    const second = await events.fetch(publishing(cloudEventOf('tick', 2, 'b')));
    expect(second.status).toBe(503);
    expect(await second.json()).toMatchObject({ events: [{ id: 'b', outcome: 'busy' }] });
    finish();
    expect((await first).status).toBe(200);
    expect((await events.fetch(publishing(cloudEventOf('tick', 2, 'b')))).status).toBe(200);
    expect(handled).toStrictEqual([1, 2]);
  });

  it('waits for no handler longer than replyWithinMs, and the handler goes on', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    using events = serveEvents(bus, { receive: [Tick], replyWithinMs: 5_000 });
    bus.on(Tick, () => new Promise(() => undefined), { name: 'hanging' });
    const answer = events.fetch(publishing(cloudEventOf('tick', 1)));
    await settled();
    await scheduler.advance(5_000);
    expect(await (await answer).json()).toStrictEqual({ events: [{ id: 'e1', outcome: 'taken' }] });
    expect(bus.stats().handlers).toMatchObject([{ running: 1 }]);
  });

  it('is echoed to all clients, as they are sent the events of the bus', async () => {
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Tick], receive: [Tick] });
    using reader = await subscribe(events);
    await events.fetch(publishing(cloudEventOf('tick', 1)));
    expect(await reader.next()).toMatchObject({ data: { id: 'e1', data: 1 } });
  });
});

describe('an event', () => {
  it('that cannot be written harms neither its emitter nor the stream, and is reported', async () => {
    const Loose = defineEvent('loose', payload<unknown>());
    const bus = createEventBus();
    using events = serveEvents(bus, { send: [Loose], maxEventBytes: 1_000 });
    const errors = collectErrors(events);
    using reader = await subscribe(events);
    bus.emit(Loose, 1n);
    bus.emit(Loose, 'x'.repeat(2_000));
    bus.emit(Loose, 'ok');
    expect(await reader.next()).toMatchObject({ data: { data: 'ok' } });
    expect(events.stats().unwritable).toBe(2);
    expect(errors).toMatchObject([{ error: { code: 'NOT_JSON' } }, { error: { code: 'INVALID_OPTION' } }]);
  });

  it('with bytes or a codec of its own crosses as base64', async () => {
    const Bytes = defineEvent('bytes', payload<Uint8Array>());
    const bus = createEventBus();
    const seen = collect(toIterable(bus, Bytes));
    using events = serveEvents(bus, { send: [Bytes], receive: [Bytes] });
    using reader = await subscribe(events);
    bus.emit(Bytes, Uint8Array.of(0, 255, 10));
    const message = await reader.next();
    expect(message).toMatchObject({ data: { datacontenttype: 'application/octet-stream', data_base64: 'AP8K' } });
    const other = createEventBus();
    const taken: EventMessage[] = [];
    other.events(Bytes).subscribe((event) => taken.push(event));
    using otherEvents = serveEvents(other, { receive: [Bytes] });
    expect((await otherEvents.fetch(publishing(message!.data))).status).toBe(200);
    expect(taken).toMatchObject([{ data: Uint8Array.of(0, 255, 10) }]);
    bus.close();
    expect(await seen).toHaveLength(1);
  });
});

async function* toIterable(
  bus: ReturnType<typeof createEventBus>,
  definition: typeof Tick | ReturnType<typeof defineEvent>,
) {
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    bus.events(definition as typeof Tick).subscribe({ next: (event) => seen.push(event), complete: resolve });
  });
  yield* seen;
}

describe('an endpoint', () => {
  it('ends its streams and refuses what comes, when it or its bus is closed', async () => {
    const bus = createEventBus();
    const events = serveEvents(bus, { send: [Tick], receive: [Tick] });
    const reader = await subscribe(events);
    bus.close();
    expect(await reader.next()).toBeUndefined();
    expect((await events.fetch(subscribing())).status).toBe(503);
    expect((await events.fetch(publishing(cloudEventOf('tick', 1)))).status).toBe(503);
    events.close();
    expect(events.stats()).toMatchObject({ clients: 0, refused: { 503: 2 } });
  });

  it('answers only for its path, and only what it was given events for', async () => {
    using sending = serveEvents(createEventBus(), { send: [Tick], path: '/events' });
    expect((await sending.fetch(new Request('http://desk.example/other'))).status).toBe(404);
    const response = await sending.fetch(publishing(cloudEventOf('tick', 1)));
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
    using receiving = serveEvents(createEventBus(), { receive: [Tick] });
    expect((await receiving.fetch(subscribing())).headers.get('allow')).toBe('POST');
  });

  it.each([
    [{}, 'Expected send or receive to name events'],
    [{ send: Tick }, 'Expected send to be a list'],
    [{ send: [Tick, Tick] }, "got 'tick' twice"],
    [{ send: ['tick'] }, 'Expected send to hold event definitions'],
    [{ send: [Tick], maxClients: 0 }, 'Expected maxClients'],
    [{ send: [Tick], heartbeatMs: 0 }, 'Expected heartbeatMs'],
    [{ send: [Tick], buffer: { capacity: 0 } }, 'Expected buffer.capacity'],
    [{ send: [Tick], buffer: { overflow: 'suspend' } }, 'Expected buffer.overflow'],
    [{ send: [Tick], origins: ['https://desk.example/path'] }, 'Expected origins to hold origins'],
    [{ send: [Tick], origins: '*' }, 'Expected origins to be a list'],
    [{ send: [Tick], path: 'events' }, 'Expected path'],
    [{ send: [Tick], authorize: 'me' }, 'Expected authorize'],
    [{ send: [Tick], store: {} }, 'Expected store'],
    [{ send: [Tick], store: memoryEventStore(), buffer: {} }, 'Expected store or buffer'],
  ])('says at once what cannot work', (options, text) => {
    expect(() => serveEvents(createEventBus(), options as never)).toThrow(text);
  });

  it('refuses an event that its bus does not know', () => {
    const bus = createEventBus({ events: [Tick] });
    // @ts-expect-error -- it does not compile either
    expect(() => serveEvents(bus, { send: [Tock] })).toThrow('tock');
  });
});
