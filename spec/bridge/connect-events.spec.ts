import { createEventBus, defineEvent, type EventBus, memoryEventStore, type ReportedError } from 'millrace';
import {
  connectEvents,
  type ConnectEventsOptions,
  type ConnectionState,
  type EventsConnection,
  type Gap,
  serveEvents,
  type ServeEventsOptions,
} from 'millrace/bridge';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Tick, Tock } from '../support/events.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';
import { Network } from './support/network.ts';
import { ADDRESS } from './support/requests.ts';

/** A server and a client, each with a bus, and a network between them. */
function pair(server: ServeEventsOptions, client: ConnectEventsOptions) {
  const clock = new VirtualClock();
  const serverBus = createEventBus({ scheduler: clock });
  const clientBus = createEventBus({ scheduler: clock });
  const endpoint = serveEvents(serverBus, server);
  const network = new Network(endpoint);
  const ticks: number[] = [];
  clientBus.events([Tick]).subscribe(({ data }) => ticks.push(data));
  const connection = connectEvents(clientBus, ADDRESS, { fetch: network.fetch, random: () => 1, ...client });
  return { clock, serverBus, clientBus, endpoint, network, ticks, connection, ...watch(connection) };
}

function watch(connection: EventsConnection) {
  const states: ConnectionState[] = [];
  const gaps: Gap[] = [];
  const errors: ReportedError[] = [];
  connection.states.subscribe((state) => states.push(state));
  connection.gaps.subscribe((gap) => gaps.push(gap));
  connection.errors.subscribe((error) => errors.push(error));
  return { states, gaps, errors, codes: () => errors.map(({ error }) => (error as { code: string }).code) };
}

/** Streams answer in several turns. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled();
}

const emitAll = (bus: EventBus, ...data: number[]) => data.forEach((one) => bus.emit(Tick, one));

describe('a connection', () => {
  it('brings the events of the server into the bus, as they were', async () => {
    const { clientBus, serverBus, connection, states } = pair({ send: [Tick] }, { receive: [Tick] });
    await calm();
    const next = clientBus.once(Tick);
    serverBus.emit(Tick, 1, { id: 't1', source: 'desk', subject: 's', headers: { correlationId: 'c' } });
    expect((await next).toJSON()).toStrictEqual({
      id: 't1',
      type: 'tick',
      time: 0,
      data: 1,
      source: 'desk',
      subject: 's',
      headers: { correlationId: 'c' },
    });
    await calm();
    expect(states).toStrictEqual(['connecting', 'open']);
    expect(connection.stats()).toMatchObject({ state: 'open', opened: 1, received: { taken: 1 }, gaps: 0 });
    await connection.close();
    expect(states).toStrictEqual(['connecting', 'open', 'closed']);
  });

  it('goes on without a gap and without a repeat when it was cut', async () => {
    const { clock, serverBus, ticks, network, connection, gaps, codes, states } = pair(
      { send: [Tick] },
      { receive: [Tick] },
    );
    await calm();
    emitAll(serverBus, 1, 2);
    await calm();
    network.cut();
    await calm();
    emitAll(serverBus, 3, 4);
    await clock.advance(500);
    await calm();
    emitAll(serverBus, 5);
    await calm();
    expect(ticks).toStrictEqual([1, 2, 3, 4, 5]);
    expect(gaps).toStrictEqual([]);
    expect(codes()).toStrictEqual(['BRIDGE_UNREACHABLE']);
    expect(states).toStrictEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
    expect(connection.stats()).toMatchObject({ opened: 2, received: { taken: 5, duplicate: 0 } });
    await connection.close();
  });

  it('waits longer from attempt to attempt, at random, and never longer than its cap', async () => {
    const clock = new VirtualClock();
    const fetch = vi.fn<() => Promise<Response>>().mockRejectedValue(new TypeError('fetch failed'));
    const bus = createEventBus({ scheduler: clock });
    const connection = connectEvents(bus, ADDRESS, {
      receive: [Tick],
      fetch,
      random: () => 1,
      retry: { maxDelayMs: 2_000 },
    });
    watch(connection);
    const at: number[] = [];
    for (let ms = 0; ms <= 6_000; ms += 100) {
      const before = fetch.mock.calls.length;
      await clock.advance(ms === 0 ? 0 : 100);
      await calm();
      if (fetch.mock.calls.length > before) at.push(ms);
    }
    expect(at).toStrictEqual([0, 500, 1_500, 3_500, 5_500]);
    await connection.close();
  });

  it('is told of a gap, tells it, and goes on', async () => {
    const { clock, serverBus, ticks, network, gaps, codes, connection } = pair(
      { send: [Tick], buffer: { capacity: 2 } },
      { receive: [Tick] },
    );
    await calm();
    network.cut();
    await calm();
    emitAll(serverBus, 1, 2, 3, 4, 5);
    await clock.advance(500);
    await calm();
    expect(ticks).toStrictEqual([4, 5]);
    expect(gaps).toStrictEqual([{ reason: 'too-old', lost: 3 }]);
    expect(codes()).toContain('BRIDGE_GAP');
    expect(connection.stats().gaps).toBe(1);
    await connection.close();
  });

  it('is told of a gap when the server was started anew, and takes what it has sent before only once', async () => {
    const { clock, serverBus, ticks, network, endpoint, gaps, connection } = pair(
      { send: [Tick] },
      { receive: [Tick] },
    );
    await calm();
    serverBus.emit(Tick, 1, { id: 'a' });
    await calm();
    endpoint.close();
    const restarted = serveEvents(serverBus, { send: [Tick], from: 'start' });
    network.replace(restarted);
    serverBus.emit(Tick, 1, { id: 'a' });
    serverBus.emit(Tick, 2, { id: 'b' });
    await clock.advance(500);
    await calm();
    expect(ticks).toStrictEqual([1, 2]);
    expect(gaps).toStrictEqual([{ reason: 'unknown-id' }]);
    expect(connection.stats().received).toMatchObject({ taken: 2, duplicate: 1 });
    await connection.close();
  });

  it('has every event of a store once across reloads and a restart of the server', async () => {
    const clock = new VirtualClock();
    await using store = memoryEventStore({ scheduler: clock });
    const saved: { id: string | undefined } = { id: undefined };
    const resume = { load: () => saved.id, save: (id: string) => void (saved.id = id) };
    const seen: number[] = [];
    for (let reload = 0; reload < 3; reload++) {
      // A page has a bus of its own, and so has a server.
      const page = createEventBus({ scheduler: clock });
      page.on(Tick, ({ data }) => void seen.push(data), { name: 'show' });
      using endpoint = serveEvents(createEventBus({ scheduler: clock }), { send: [Tick], store, from: 'start' });
      const { fetch } = new Network(endpoint);
      const connection = connectEvents(page, ADDRESS, { receive: [Tick], fetch, resume });
      for (let at = 0; at < 100; at++) await store.append('ticks', { type: 'tick', data: reload * 100 + at });
      await calm();
      while (connection.stats().received.taken < 100) await calm();
      await connection.close();
    }
    expect(seen).toStrictEqual(Array.from({ length: 300 }, (_, at) => at));
  });

  it('saves only how far all is handled, and not too often', async () => {
    const saves: string[] = [];
    const finish: (() => void)[] = [];
    const { clock, clientBus, serverBus, connection } = pair(
      { send: [Tick] },
      { receive: [Tick], resume: { load: () => undefined, save: (id) => void saves.push(id) }, saveEveryMs: 1_000 },
    );
    clientBus.on(Tick, () => new Promise<void>((resolve) => finish.push(resolve)), { name: 'slow', concurrency: 3 });
    await calm();
    emitAll(serverBus, 1, 2, 3);
    await calm();
    await clock.advance(1_000);
    expect(saves).toStrictEqual([expect.stringMatching(/\.0$/)]);
    finish[1]!();
    await calm();
    await clock.advance(1_000);
    expect(saves).toHaveLength(1);
    finish[0]!();
    await calm();
    await clock.advance(1_000);
    expect(saves.slice(1)).toStrictEqual([expect.stringMatching(/\.2$/)]);
    finish[2]!();
    await calm();
    await connection.close();
    expect(saves.slice(2)).toStrictEqual([expect.stringMatching(/\.3$/)]);
  });

  it('goes on without what was saved if that cannot be read, or is no id', async () => {
    for (const load of [() => Promise.reject(new Error('no storage')), () => 'ä\nb']) {
      const { serverBus, ticks, errors, connection } = pair(
        { send: [Tick] },
        { receive: [Tick], resume: { load, save: () => undefined } },
      );
      await calm();
      emitAll(serverBus, 1);
      await calm();
      expect(ticks).toStrictEqual([1]);
      expect(errors.length).toBeGreaterThan(0);
      await connection.close();
    }
  });

  it('knows a connection that has died silently by the heartbeats that it misses', async () => {
    const { clock, serverBus, ticks, network, states, connection } = pair(
      { send: [Tick], heartbeatMs: 1_000 },
      { receive: [Tick] },
    );
    await calm();
    for (let ms = 0; ms < 10_000; ms += 1_000) {
      await clock.advance(1_000);
      await calm();
    }
    expect(states).toStrictEqual(['connecting', 'open']);
    network.state = 'silent';
    emitAll(serverBus, 1);
    await clock.advance(2_900);
    await calm();
    expect(states).toStrictEqual(['connecting', 'open']);
    await clock.advance(1_100);
    await calm();
    expect(states).toStrictEqual(['connecting', 'open', 'waiting']);
    network.state = 'up';
    await clock.advance(500);
    await calm();
    expect(ticks).toStrictEqual([1]);
    await connection.close();
  });

  it('gives up a request that nobody answers', async () => {
    const { clock, network, connection, codes } = pair({ send: [Tick] }, { receive: [Tick], silenceMs: 5_000 });
    network.state = 'silent';
    await calm();
    await clock.advance(5_000);
    await calm();
    expect(connection.stats().state).toBe('waiting');
    expect(codes()).toStrictEqual(['BRIDGE_UNREACHABLE']);
    await connection.close();
  });

  it('asks nobody again who has refused it, until it is told to', async () => {
    let isSignedIn = false;
    const { clock, serverBus, ticks, states, errors, network, connection } = pair(
      {
        send: [Tick],
        authorize: (request) => request.headers.get('authorization') === 'Bearer ok' || 'unauthenticated',
      },
      { receive: [Tick], headers: async () => ({ authorization: isSignedIn ? 'Bearer ok' : 'Bearer no' }) },
    );
    await calm();
    await clock.advance(3_600_000);
    expect(network.asked).toBe(1);
    expect(states).toStrictEqual(['connecting', 'refused']);
    expect(errors).toMatchObject([{ error: { code: 'BRIDGE_REFUSED', status: 401 } }]);
    isSignedIn = true;
    connection.reconnect();
    await calm();
    emitAll(serverBus, 1);
    await calm();
    expect(ticks).toStrictEqual([1]);
    await connection.close();
  });

  it('comes again when the server has said it may', async () => {
    const { clock, network, states, connection } = pair({ send: [Tick] }, { receive: [Tick] });
    network.answer = () => new Response(null, { status: 503, headers: { 'retry-after': '7' } });
    await calm();
    network.answer = undefined;
    await clock.advance(6_900);
    await calm();
    expect(network.asked).toBe(1);
    expect(connection.stats().state).toBe('waiting');
    await clock.advance(100);
    await calm();
    expect(states).toStrictEqual(['connecting', 'waiting', 'connecting', 'open']);
    await connection.close();
  });

  it('refuses what is no stream of events, such as a page', async () => {
    const { network, connection, errors } = pair({ send: [Tick] }, { receive: [Tick] });
    network.answer = () => new Response('<html>', { headers: { 'content-type': 'text/html' } });
    await calm();
    expect(errors.at(-1)).toMatchObject({ error: { message: expect.stringContaining('got text/html') } });
    await connection.close();
  });

  it('reads no further than its bus can handle', async () => {
    const { clock, clientBus, serverBus, connection } = pair(
      { send: [Tick], buffer: { capacity: 10_000 } },
      { receive: [Tick], maxInFlight: 10 },
    );
    const finish: (() => void)[] = [];
    clientBus.on(Tick, () => new Promise<void>((resolve) => finish.push(resolve)), { name: 'slow', concurrency: 100 });
    await calm();
    emitAll(serverBus, ...Array.from({ length: 1_000 }, (_, at) => at));
    await calm();
    expect(connection.stats().inFlight).toBe(10);
    expect(finish).toHaveLength(10);
    // Nobody takes it for silence.
    await clock.advance(50_000);
    expect(connection.stats().state).toBe('open');
    while (connection.stats().received.taken < 1_000) {
      finish.splice(0).forEach((end) => end());
      await calm();
      expect(connection.stats().inFlight).toBeLessThanOrEqual(10);
    }
    await connection.close();
  });

  it('asks again for what a full bus has not taken, and loses nothing', async () => {
    const { clock, clientBus, serverBus, connection } = pair({ send: [Tick] }, { receive: [Tick] });
    const handled: number[] = [];
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    clientBus.on(
      Tick,
      async ({ data }) => {
        await work;
        handled.push(data);
      },
      { name: 'strict', capacity: 1, overflow: 'fail' },
    );
    await calm();
    emitAll(serverBus, 1, 2, 3, 4);
    await calm();
    expect(connection.stats()).toMatchObject({ state: 'waiting', received: { busy: 2 } });
    finish();
    for (let tries = 0; tries < 10; tries++) {
      await clock.advance(30_000);
      await calm();
    }
    expect(handled).toStrictEqual([1, 2, 3, 4]);
    await connection.close();
  });

  it('takes what is not on its list, or not as its schema says, for nothing, and says so', async () => {
    const Strict = defineEvent('tick', z.number().max(10));
    const bus = createEventBus();
    const { serverBus, network, connection: first } = pair({ send: [Tick, Tock] }, { receive: [Tick] });
    await first.close();
    const connection = connectEvents(bus, ADDRESS, { receive: [Strict], fetch: network.fetch, maxEventBytes: 500 });
    const { codes } = watch(connection);
    await calm();
    serverBus.emit(Tock, 1);
    serverBus.emit(Tick, 11);
    serverBus.emit(Tick, 1, { subject: 'x'.repeat(600) });
    serverBus.emit(Tick, 2);
    await calm();
    expect(codes()).toStrictEqual(['NOT_ALLOWED', 'INVALID_MESSAGE', 'SCHEMA'].toSorted(byOrderOf(codes())));
    expect(connection.stats().received).toMatchObject({ taken: 1, invalid: 2, 'not-allowed': 1 });
    // It can be corrected, and redriven.
    expect(bus.stats().invalid).toBe(1);
    await connection.close();
  });

  it('ends with its bus, and with its signal', async () => {
    const { clientBus, connection, serverBus, endpoint } = pair({ send: [Tick] }, { receive: [Tick], send: [Tock] });
    await calm();
    expect(endpoint.stats().clients).toBe(1);
    clientBus.close();
    expect(connection.stats().state).toBe('closed');
    const leaving = new AbortController();
    const { fetch } = new Network(endpoint);
    const other = connectEvents(createEventBus(), ADDRESS, { receive: [Tick], fetch, signal: leaving.signal });
    await calm();
    leaving.abort();
    await calm();
    expect(other.stats().state).toBe('closed');
    expect(endpoint.stats().clients).toBe(0);
    serverBus.close();
  });

  it.each([
    ['http://desk.example/', {}, 'Expected send or receive'],
    ['/events', { receive: [Tick] }, 'Expected url'],
    [ADDRESS, { receive: [Tick], retry: { maxAttempts: 0 } }, 'Expected retry.maxAttempts'],
    [ADDRESS, { receive: [Tick], silenceMs: 0 }, 'Expected silenceMs'],
    [ADDRESS, { receive: [Tick], resume: { load: () => 'x' } }, 'Expected resume.save'],
    [ADDRESS, { receive: [Tick], outgoing: { overflow: 'suspend' } }, 'Expected outgoing.overflow'],
    [ADDRESS, { receive: [Tick], credentials: 'yes' }, 'Expected credentials'],
  ])('says at once what cannot work: %s', (url, options, text) => {
    expect(() => connectEvents(createEventBus(), url, options as never)).toThrow(text);
  });
});

/** Errors of one turn come in any order. */
function byOrderOf(order: readonly string[]) {
  return (one: string, other: string) => order.indexOf(one) - order.indexOf(other);
}

describe('events that are emitted', () => {
  const sending = (client: Partial<ConnectEventsOptions> = {}, server: Partial<ServeEventsOptions> = {}) => {
    const parts = pair({ receive: [Tick], ...server }, { send: [Tick], ...client });
    const arrived: number[] = [];
    parts.serverBus.events('tick').subscribe(({ data }) => arrived.push(data as number));
    return { ...parts, arrived };
  };

  it('reach the server once, in order, those of a turn together', async () => {
    const { clientBus, arrived, network, connection } = sending();
    emitAll(clientBus, 1, 2, 3);
    await connection.flushed();
    emitAll(clientBus, 4);
    await connection.flushed();
    expect(arrived).toStrictEqual([1, 2, 3, 4]);
    expect(network.requests).toHaveLength(2);
    expect(connection.stats()).toMatchObject({ state: 'open', outgoing: { waiting: 0, confirmed: 4, dropped: 0 } });
    await connection.close();
  });

  it('are sent again with the same id when the answer was lost, and taken once', async () => {
    const { clock, clientBus, arrived, network, endpoint, connection } = sending();
    network.onAnswered = () => {
      network.state = 'down';
      network.onAnswered = undefined;
    };
    emitAll(clientBus, 1, 2);
    await calm();
    expect(connection.stats().outgoing).toMatchObject({ waiting: 2, confirmed: 0 });
    network.state = 'up';
    await clock.advance(500);
    await calm();
    expect(arrived).toStrictEqual([1, 2]);
    expect(endpoint.stats().received).toMatchObject({ taken: 2, duplicate: 2 });
    expect(connection.stats().outgoing).toMatchObject({ waiting: 0, confirmed: 2 });
    await connection.close();
  });

  it('wait while the server is away, so many at most, and no error is told twice', async () => {
    const { clock, clientBus, arrived, network, codes, connection } = sending({ outgoing: { capacity: 3 } });
    network.state = 'down';
    emitAll(clientBus, 1, 2, 3, 4, 5);
    await calm();
    expect(connection.stats().outgoing).toMatchObject({ waiting: 3, capacity: 3, dropped: 2 });
    expect(codes().filter((code) => code === 'OVERFLOW')).toHaveLength(1);
    network.state = 'up';
    await clock.advance(30_000);
    await calm();
    expect(arrived).toStrictEqual([1, 2, 3]);
    await connection.close();
  });

  it('push out the oldest where that was asked for', async () => {
    const { clock, clientBus, arrived, network, connection } = sending({
      outgoing: { capacity: 3, overflow: 'drop-oldest' },
    });
    network.state = 'down';
    emitAll(clientBus, 1, 2, 3, 4, 5);
    await calm();
    network.state = 'up';
    await clock.advance(30_000);
    await calm();
    expect(arrived).toStrictEqual([3, 4, 5]);
    await connection.close();
  });

  it('are given up when the server does not want them, and those behind them go on', async () => {
    const Strict = defineEvent('tick', z.number().max(10));
    const { clientBus, arrived, errors, connection } = sending({}, { receive: [Strict] });
    emitAll(clientBus, 1, 11, 2);
    await connection.flushed();
    expect(arrived).toStrictEqual([1, 2]);
    expect(errors).toMatchObject([
      { error: { code: 'BRIDGE_REFUSED', message: expect.stringContaining("fits the schema of 'tick'") } },
    ]);
    expect(connection.stats().outgoing).toMatchObject({ confirmed: 2, refused: 1 });
    await connection.close();
  });

  it('are sent in smaller portions to a server that takes less at a time', async () => {
    const { clock, clientBus, arrived, connection } = sending({}, { maxBodyBytes: 1_000 });
    emitAll(clientBus, ...Array.from({ length: 50 }, (_, at) => at));
    for (let tries = 0; tries < 10; tries++) {
      await calm();
      await clock.advance(30_000);
    }
    expect(arrived).toStrictEqual(Array.from({ length: 50 }, (_, at) => at));
    await connection.close();
  });

  it('wait for somebody to sign in', async () => {
    let isSignedIn = false;
    const { clientBus, arrived, connection } = sending({}, { authorize: () => isSignedIn });
    emitAll(clientBus, 1);
    await calm();
    expect(connection.stats().outgoing).toMatchObject({ waiting: 1, refused: 0 });
    isSignedIn = true;
    connection.reconnect();
    await calm();
    expect(arrived).toStrictEqual([1]);
    await connection.close();
  });

  it('that wait when it is closed are given up, counted and reported', async () => {
    const { clientBus, network, codes, connection } = sending();
    network.state = 'down';
    emitAll(clientBus, 1, 2);
    await calm();
    await connection.close();
    expect(connection.stats().outgoing).toMatchObject({ waiting: 0, dropped: 2 });
    expect(codes()).toStrictEqual(['BRIDGE_UNREACHABLE', 'BRIDGE_UNREACHABLE']);
    await connection.flushed();
  });

  it('do not come back to the one who has sent them', async () => {
    const { clientBus, ticks, serverBus, connection } = pair(
      { send: [Tick], receive: [Tick] },
      { send: [Tick], receive: [Tick] },
    );
    await calm();
    emitAll(clientBus, 1);
    await connection.flushed();
    emitAll(serverBus, 2);
    await calm();
    expect(ticks).toStrictEqual([1, 2]);
    expect(connection.stats()).toMatchObject({ received: { taken: 1, duplicate: 1 }, outgoing: { confirmed: 1 } });
    await connection.close();
  });
});
