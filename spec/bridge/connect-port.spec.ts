import { Worker } from 'node:worker_threads';
import { createEventBus, defineEvent, type EventBus, type ReportedError } from 'millrace';
import { connectPort, type ConnectPortOptions, type Gap, type PortBridge } from 'millrace/bridge';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openBlockFolder } from '../support/block-folder.ts';
import { Tick, Tock } from '../support/events.ts';
import { cloudEventOf } from './support/requests.ts';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

const BOTH: ConnectPortOptions = { send: [Tick], receive: [Tick] };

/** A bus with what it has heard. */
function hearing() {
  const bus = createEventBus();
  const ticks: number[] = [];
  bus.events('tick').subscribe(({ data }) => ticks.push(data as number));
  return { bus, ticks };
}

function join(port: MessagePort | BroadcastChannel, options: ConnectPortOptions = BOTH) {
  const { bus, ticks } = hearing();
  const bridge = connectPort(bus, port, options);
  opened.push(bridge, port);
  return { bus, ticks, bridge, ...watch(bridge) };
}

function watch(bridge: PortBridge) {
  const gaps: Gap[] = [];
  const errors: ReportedError[] = [];
  bridge.gaps.subscribe((gap) => gaps.push(gap));
  bridge.errors.subscribe((error) => errors.push(error));
  return { gaps, errors, codes: () => errors.map(({ error }) => (error as { code: string }).code) };
}

function tabs(count: number, name: string) {
  return Array.from({ length: count }, () => join(new BroadcastChannel(name)));
}

/** Longer than a message takes: for what must not come. */
async function passing(...buses: EventBus[]): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  for (let turn = 0; turn < 20 + buses.length; turn++) {
    const echo = new Promise((resolve) => port2.addEventListener('message', resolve, { once: true }));
    port2.start();
    port1.postMessage(turn);
    await echo;
  }
  port1.close();
}

const until = (condition: () => boolean) => vi.waitUntil(condition, { interval: 1, timeout: 5_000 });

describe('a bridge over a port', () => {
  it('carries events both ways, as they were', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1);
    const other = join(port2);
    const next = other.bus.once(Tick);
    one.bus.emit(Tick, 1, { id: 't1', subject: 's', time: 7, headers: { correlationId: 'c', secret: 'x' } });
    expect((await next).toJSON()).toStrictEqual({
      id: 't1',
      type: 'tick',
      time: 7,
      data: 1,
      source: 'millrace',
      subject: 's',
      headers: { correlationId: 'c' },
    });
    other.bus.emit(Tick, 2);
    await until(() => one.ticks.length === 2);
    await passing();
    expect([one.ticks, other.ticks]).toStrictEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(one.bridge.stats()).toMatchObject({
      state: 'open',
      received: { taken: 1, duplicate: 0 },
      outgoing: { waiting: 0, sent: 1, dropped: 0 },
      foreign: 0,
    });
  });

  it('lets nothing across that is not on both lists, and says so where it is refused', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1, { send: [Tick, Tock] });
    const other = join(port2, { receive: [Tick] });
    const tocks: unknown[] = [];
    other.bus.events('tock').subscribe((event) => tocks.push(event));
    one.bus.emit(Tock, 1);
    other.bus.emit(Tick, 2);
    one.bus.emit(Tick, 3);
    await until(() => other.ticks.includes(3));
    await passing();
    expect(tocks).toStrictEqual([]);
    expect(one.ticks).toStrictEqual([3]);
    expect(other.codes()).toStrictEqual(['NOT_ALLOWED']);
    expect(other.bridge.stats().received).toMatchObject({ taken: 1, 'not-allowed': 1 });
  });

  it('waits for the other side, and sends then what has waited', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1);
    one.bus.emit(Tick, 1);
    await passing();
    expect(one.bridge.stats()).toMatchObject({ state: 'waiting', outgoing: { waiting: 1, sent: 0 } });
    const other = join(port2);
    await until(() => other.ticks.length === 1);
    await until(() => one.bridge.stats().outgoing.waiting === 0);
    expect(one.bridge.stats().state).toBe('open');
  });

  it('gives up what finds no room while it waits, and tells the other side', async () => {
    for (const { overflow, seen } of [
      { overflow: 'drop-oldest', seen: [3, 4] },
      { overflow: 'drop-newest', seen: [1, 2] },
    ] as const) {
      const { port1, port2 } = new MessageChannel();
      const one = join(port1, { ...BOTH, buffer: { capacity: 2, overflow } });
      for (const data of [1, 2, 3, 4]) one.bus.emit(Tick, data);
      expect(one.bridge.stats().outgoing).toMatchObject({ waiting: 2, capacity: 2, dropped: 2 });
      const other = join(port2);
      await until(() => other.ticks.length === 2);
      expect(other.ticks).toStrictEqual(seen);
      expect(other.gaps).toStrictEqual([{ reason: 'overflow', lost: 2 }]);
      expect(other.codes()).toStrictEqual(['BRIDGE_GAP']);
    }
  });

  it('sends no more than the other side handles', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1, { ...BOTH, maxInFlight: 4, buffer: { capacity: 1_000 } });
    const other = join(port2, { receive: [Tick] });
    const finish: (() => void)[] = [];
    other.bus.on(Tick, () => new Promise<void>((resolve) => finish.push(resolve)), { name: 'slow', concurrency: 100 });
    for (let at = 0; at < 100; at++) one.bus.emit(Tick, at);
    await until(() => finish.length === 4);
    await passing();
    expect(finish).toHaveLength(4);
    expect(other.bridge.stats().inFlight).toBe(4);
    expect(one.bridge.stats().outgoing).toMatchObject({ waiting: 100, sent: 4 });
    while (other.bridge.stats().received.taken < 100) {
      finish.splice(0).forEach((end) => end());
      await passing();
    }
    expect(one.bridge.stats().outgoing).toMatchObject({ waiting: 0, sent: 100, dropped: 0 });
    expect(other.ticks).toStrictEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it('sends again what was not handled, when the other side is started anew', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1);
    const old = createEventBus();
    old.on(Tick, () => new Promise(() => undefined), { name: 'hanging', concurrency: 10 });
    const before = connectPort(old, port2, { receive: [Tick] });
    one.bus.emit(Tick, 1);
    await until(() => before.stats().inFlight === 1);
    before.close();
    await until(() => one.bridge.stats().state === 'waiting');
    one.bus.emit(Tick, 2);
    const again = join(port2);
    await until(() => again.ticks.length === 2);
    expect(again.ticks).toStrictEqual([1, 2]);
  });

  it('tries again what a full bus has not taken', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = join(port1);
    const other = join(port2);
    const handled: number[] = [];
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    other.bus.on(
      Tick,
      async ({ data }) => {
        await work;
        handled.push(data);
      },
      { name: 'strict', capacity: 0, overflow: 'fail' },
    );
    for (const data of [1, 2]) one.bus.emit(Tick, data);
    await until(() => other.bridge.stats().received.busy > 0);
    finish();
    await until(() => handled.length === 2);
    expect(handled).toStrictEqual([1, 2]);
  });

  it('bounds what comes in, whatever the other side sends', async () => {
    const { port1, port2 } = new MessageChannel();
    opened.push(port1);
    const other = join(port2, { receive: [Tick], maxInFlight: 2, buffer: { capacity: 10 } });
    other.bus.on(Tick, () => new Promise(() => undefined), { name: 'hanging', concurrency: 100 });
    const events = Array.from({ length: 100 }, (_, at) => JSON.stringify(cloudEventOf('tick', at, `e${at}`)));
    port1.postMessage({ millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: 1, lost: 0, events });
    await until(() => other.gaps.length > 0);
    expect(other.bridge.stats()).toMatchObject({ inFlight: 10, gaps: 1 });
    expect(other.gaps).toStrictEqual([{ reason: 'overflow', lost: 90 }]);
  });

  it.each([
    null,
    7,
    'hello',
    { type: 'webpackOk' },
    { millrace: 'bridge', version: 1, from: 'x', kind: 'else' },
    { millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: 1, lost: 0, events: 'all' },
    { millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: -1, lost: 0, events: [] },
    {
      millrace: 'bridge',
      version: 1,
      from: 'x',
      kind: 'events',
      first: 1,
      lost: 0,
      events: Array.from({ length: 9_999 }),
    },
    { millrace: 'bridge', version: 1, from: 'x', kind: 'taken', numbers: ['1'] },
    { millrace: 'bridge', version: 1, from: 'x'.repeat(99), kind: 'hello' },
  ])('lets messages be that are none of its own, and counts them: %j', async (message) => {
    const { port1, port2 } = new MessageChannel();
    const { bridge, errors } = join(port2);
    opened.push(port1);
    port1.postMessage(message);
    await until(() => bridge.stats().foreign === 1);
    expect(errors).toStrictEqual([]);
  });

  it('refuses another version, and says so once', async () => {
    const { port1, port2 } = new MessageChannel();
    const { bridge, errors } = join(port2);
    opened.push(port1);
    for (let at = 0; at < 3; at++) port1.postMessage({ millrace: 'bridge', version: 2, from: 'x', kind: 'hello' });
    await until(() => bridge.stats().foreign === 3);
    expect(bridge.stats().state).toBe('waiting');
    expect(errors).toMatchObject([
      { error: { code: 'BRIDGE_REFUSED', message: expect.stringContaining('version 1') } },
    ]);
  });

  it('checks events as those of a stranger', async () => {
    const Strict = defineEvent('tick', z.number());
    const { port1, port2 } = new MessageChannel();
    const { bridge, bus } = join(port2, { receive: [Strict], maxEventBytes: 1_000 });
    opened.push(port1);
    const events = [
      7,
      'no JSON',
      '{"specversion":"1.0"}',
      JSON.stringify(cloudEventOf('tick', 'text', 'a')),
      JSON.stringify(cloudEventOf('tick', 1, 'b'.repeat(600))),
      JSON.stringify(cloudEventOf('tick', 'x'.repeat(1_000), 'c')),
      '{"specversion":"1.0","id":"d","type":"tick","source":"x","data":{"__proto__":{"admin":true}}}',
      '{"specversion":"1.0","id":"e","type":"tick","source":"x","data":{"constructor":{"prototype":{"admin":true}}}}',
      `{"specversion":"1.0","id":"f","type":"tick","source":"x","data":${'['.repeat(200)}${']'.repeat(200)}}`,
    ];
    port1.postMessage({ millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: 1, lost: 0, events });
    await until(() => bridge.stats().received.invalid === events.length);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect(bus.stats()).toMatchObject({ emitted: 0, invalid: 1 });
  });

  it('ends with its bus and with its signal, and gives up what waits', async () => {
    const { port1, port2 } = new MessageChannel();
    const leaving = new AbortController();
    const one = join(port1, { ...BOTH, signal: leaving.signal });
    one.bus.emit(Tick, 1);
    leaving.abort();
    expect(one.bridge.stats()).toMatchObject({ state: 'closed', outgoing: { waiting: 0, dropped: 1 } });
    expect(one.codes()).toStrictEqual(['BRIDGE_UNREACHABLE']);
    const other = join(port2);
    other.bus.close();
    expect(other.bridge.stats().state).toBe('closed');
  });
});

describe('buses that are bridged in a circle', () => {
  it('of three have each event once', async () => {
    const buses = [hearing(), hearing(), hearing()];
    const bridges = [0, 1, 2].flatMap((at) => {
      const { port1, port2 } = new MessageChannel();
      const pair = [connectPort(buses[at]!.bus, port1, BOTH), connectPort(buses[(at + 1) % 3]!.bus, port2, BOTH)];
      opened.push(...pair, port1, port2);
      return pair;
    });
    await until(() => bridges.every((bridge) => bridge.stats().state === 'open'));
    buses.forEach(({ bus }, at) => {
      for (let one = 0; one < 10; one++) bus.emit(Tick, at * 10 + one);
    });
    await until(() => buses.every(({ ticks }) => ticks.length >= 30));
    await passing(...buses.map(({ bus }) => bus));
    const all = Array.from({ length: 30 }, (_, at) => at);
    for (const { ticks } of buses) expect(ticks.toSorted((one, other) => one - other)).toStrictEqual(all);
    const received = bridges.map((bridge) => bridge.stats().received);
    expect(received.reduce((sum, { taken }) => sum + taken, 0)).toBe(60);
    // The two that hear of an event first both tell each other, and that is the end of it.
    expect(received.reduce((sum, { duplicate }) => sum + duplicate, 0)).toBeLessThanOrEqual(60);
    const sent = bridges.reduce((sum, bridge) => sum + bridge.stats().outgoing.sent, 0);
    await passing();
    expect(bridges.reduce((sum, bridge) => sum + bridge.stats().outgoing.sent, 0)).toBe(sent);
  });

  it('pass events on in a chain', async () => {
    const ends = [hearing(), hearing(), hearing()];
    const links = [new MessageChannel(), new MessageChannel()];
    links.forEach(({ port1, port2 }, at) => {
      opened.push(connectPort(ends[at]!.bus, port1, BOTH), connectPort(ends[at + 1]!.bus, port2, BOTH), port1, port2);
    });
    ends[0]!.bus.emit(Tick, 1);
    await until(() => ends[2]!.ticks.length === 1);
    ends[2]!.bus.emit(Tick, 2);
    await until(() => ends[0]!.ticks.length === 2);
    await passing();
    expect(ends.map(({ ticks }) => ticks)).toStrictEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('tabs on one BroadcastChannel', () => {
  it('have each event once, whichever of them has emitted it', async () => {
    const three = tabs(3, 'millrace-spec-three');
    three.forEach(({ bus }, at) => bus.emit(Tick, at));
    await until(() => three.every(({ ticks }) => ticks.length >= 3));
    await passing();
    for (const { ticks, bridge } of three) {
      expect(ticks.toSorted((one, other) => one - other)).toStrictEqual([0, 1, 2]);
      expect(bridge.stats()).toMatchObject({
        state: 'open',
        received: { taken: 2, duplicate: 0 },
        outgoing: { sent: 1 },
      });
    }
  });

  it('do not repeat what comes to both from elsewhere', async () => {
    const two = tabs(2, 'millrace-spec-two');
    const [one, other] = two as [(typeof two)[0], (typeof two)[0]];
    // As if a server had sent it to both.
    const { port1, port2 } = new MessageChannel();
    const server = hearing();
    opened.push(connectPort(one.bus, port1, BOTH), connectPort(server.bus, port2, { send: [Tick] }), port1, port2);
    server.bus.emit(Tick, 1);
    await until(() => other.ticks.length === 1);
    await passing();
    expect([one.ticks, other.ticks]).toStrictEqual([[1], [1]]);
  });

  it('send at once to whoever listens, and keep nothing for who does not', async () => {
    const [one] = tabs(1, 'millrace-spec-one');
    for (let at = 0; at < 10_000; at++) one!.bus.emit(Tick, at);
    await passing();
    expect(one!.bridge.stats()).toMatchObject({ outgoing: { waiting: 0, sent: 10_000, dropped: 0 } });
  });
});

it('connects a worker of Node', { timeout: 30_000 }, async () => {
  await using folder = await openBlockFolder();
  const file = await folder.build({
    place: 'worker',
    language: 'ts',
    code: `import { parentPort } from 'node:worker_threads';
           import { createEventBus, defineEvent, payload } from 'millrace';
           import { connectPort } from 'millrace/bridge';
           const Tick = defineEvent('tick', payload<number>());
           const Tock = defineEvent('tock', payload<number>());
           const bus = createEventBus();
           bus.on(Tick, ({ data }, { emit }) => void emit(Tock, data * 2), { name: 'double' });
           connectPort(bus, parentPort!, { receive: [Tick], send: [Tock] });`,
  });
  const worker = new Worker(file);
  const bus = createEventBus();
  using _ = connectPort(bus, worker, { send: [Tick], receive: [Tock] });
  const next = bus.once(Tock);
  bus.emit(Tick, 21);
  expect((await next).data).toBe(42);
  await worker.terminate();
});

describe('another window', () => {
  /** Two windows, as far as messages go. */
  function windows() {
    const frame = new EventTarget();
    const page = new EventTarget();
    const origins = new Map<EventTarget, string>([
      [page, 'https://desk.example'],
      [frame, 'https://widget.example'],
    ]);
    const proxy = (target: EventTarget, of: () => object) => ({
      postMessage(data: unknown, targetOrigin: string) {
        if (origins.get(target) !== targetOrigin) return;
        const origin = origins.get(target === page ? frame : page);
        queueMicrotask(() => {
          target.dispatchEvent(
            Object.assign(new Event('message'), { data: structuredClone(data), source: of(), origin }),
          );
        });
      },
    });
    const seenByPage: { postMessage(data: unknown, targetOrigin: string): void } = proxy(frame, () => seenByFrame);
    const seenByFrame: { postMessage(data: unknown, targetOrigin: string): void } = proxy(page, () => seenByPage);
    return { page, frame, seenByPage, seenByFrame, origins };
  }

  it('is spoken to only while it shows the origin that was named', async () => {
    const { page, frame, seenByPage, seenByFrame, origins } = windows();
    const desk = hearing();
    const widget = hearing();
    const listening = (target: EventTarget) => target as unknown as MessagePort;
    const one = connectPort(desk.bus, seenByPage, {
      ...BOTH,
      targetOrigin: 'https://widget.example',
      listenOn: listening(page),
    });
    const other = connectPort(widget.bus, seenByFrame, {
      ...BOTH,
      targetOrigin: 'https://desk.example',
      listenOn: listening(frame),
    });
    watch(one);
    const { codes } = watch(other);
    desk.bus.emit(Tick, 1);
    await until(() => widget.ticks.length === 1);
    widget.bus.emit(Tick, 2);
    await until(() => desk.ticks.length === 2);
    origins.set(frame, 'https://evil.example');
    desk.bus.emit(Tick, 3);
    widget.bus.emit(Tick, 4);
    await passing();
    expect(widget.ticks).toStrictEqual([1, 2, 4]);
    expect(desk.ticks).toStrictEqual([1, 2, 3]);
    // Nor is anybody else who speaks to the page.
    const data = { millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: 1, lost: 0, events: [] };
    page.dispatchEvent(Object.assign(new Event('message'), { data, source: {}, origin: 'https://widget.example' }));
    expect(one.stats().foreign).toBe(0);
    one.close();
    other.close();
    expect(codes()).toStrictEqual(['BRIDGE_UNREACHABLE']);
  });

  it.each(['*', '', '/', 'widget.example', 'https://widget.example/path', undefined])(
    'needs an origin: not %s',
    (targetOrigin) => {
      const { seenByPage } = windows();
      const options = { ...BOTH, targetOrigin: targetOrigin as string };
      expect(() => connectPort(createEventBus(), seenByPage, options)).toThrow('Expected targetOrigin');
    },
  );

  it('is known by itself, so that nobody forgets its origin', () => {
    const self: Record<string, unknown> = { postMessage: () => undefined, addEventListener: () => undefined };
    self['window'] = self;
    expect(() => connectPort(createEventBus(), self as never, BOTH)).toThrow('Expected targetOrigin');
  });
});

it.each([
  [{}, 'Expected send or receive'],
  [{ ...BOTH, maxInFlight: 0 }, 'Expected maxInFlight'],
  [{ ...BOTH, buffer: { overflow: 'fail' } }, 'Expected buffer.overflow'],
])('says at once what cannot work', (options, text) => {
  const { port1 } = new MessageChannel();
  expect(() => connectPort(createEventBus(), port1, options as never)).toThrow(text);
  expect(() => connectPort(createEventBus(), {} as never, BOTH)).toThrow('Expected a MessagePort');
  port1.close();
});
