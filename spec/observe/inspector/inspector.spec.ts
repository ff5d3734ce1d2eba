import {
  createBrokeredBus,
  createChannel,
  createDeadLetterQueue,
  createEventBus,
  createInspector,
  createProcessor,
  type DeadLetterStore,
  type HandlerSnapshot,
  type Inspector,
  memoryBroker,
  memoryEventStore,
  type ProcessorStats,
  runProjection,
  supervise,
} from 'millrace';
import { firstValueFrom, map, mergeMap, NEVER, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { countAlive } from '../../support/garbage.ts';
import { OrderPlaced, Tick, Tock, UserRenamed, UserSignedUp } from '../../support/events.ts';
import { settled, VirtualClock } from '../../support/virtual-clock.ts';

/** What a handler says of itself. */
const counted = [
  'state',
  'accepted',
  'redriven',
  'handled',
  'dead',
  'dropped',
  'droppedBy',
  'pending',
  'waiting',
  'betweenAttempts',
  'rejected',
  'suspended',
  'retried',
  'late',
  'concurrency',
  'capacity',
  'longestRunningMs',
] as const satisfies readonly (keyof ProcessorStats)[];

/** A snapshot's handler, as far as it repeats what the handler says of itself. */
function countsOf(handler: HandlerSnapshot | ProcessorStats): object {
  return Object.fromEntries(counted.map((name) => [name, handler[name]]));
}

function clocked(): { clock: VirtualClock; inspector: Inspector } {
  const clock = new VirtualClock();
  return { clock, inspector: createInspector({ scheduler: clock }) };
}

/** It needs a second for each letter. */
function slowStore(clock: VirtualClock): DeadLetterStore<string> {
  return {
    add: () => firstValueFrom(timer(1_000, clock).pipe(map(() => undefined))),
    list: () => [],
    remove: () => undefined,
  };
}

describe('a snapshot', () => {
  it('is empty as long as nothing is watched', () => {
    const { inspector, clock } = clocked();
    expect(inspector.snapshot()).toStrictEqual({
      time: clock.now(),
      buses: [],
      channels: [],
      projections: [],
      processors: [],
      closed: 0,
      totals: { accepted: 0, redriven: 0, handled: 0, dead: 0, dropped: 0, rejected: 0, retried: 0, late: 0 },
    });
  });

  it('has the events and handlers of a bus, and what each handler listens to', () => {
    const { inspector } = clocked();
    const bus = createEventBus({ name: 'users', probe: inspector, events: [UserSignedUp, UserRenamed, OrderPlaced] });
    bus.on('user.*', () => undefined, { name: 'audit' });
    bus.on(OrderPlaced, () => undefined, { name: 'ship' });
    bus.emit(OrderPlaced, { id: 'o1', total: 5 });
    const [seen, ...others] = inspector.snapshot().buses;
    expect(others).toStrictEqual([]);
    expect(seen).toMatchObject({ id: 'bus users', name: 'users', state: 'open', emitted: 1, invalid: 0 });
    expect(seen!.events.toSorted()).toStrictEqual(['order.placed', 'user.renamed', 'user.signed_up']);
    expect(seen!.handlers.map(({ id, name, listensTo }) => ({ id, name, listensTo }))).toStrictEqual([
      { id: 'bus users / audit', name: 'audit', listensTo: ['user.signed_up', 'user.renamed'] },
      { id: 'bus users / ship', name: 'ship', listensTo: ['order.placed'] },
    ]);
    expect(seen!.deadLetters).toStrictEqual({ received: 0, evicted: 0, storing: 0 });
    expect('broker' in seen!).toBe(false);
  });

  it('has channels with their workers, and processors', () => {
    const { inspector } = clocked();
    const orders = createChannel<number>({ name: 'orders', capacity: 2, probe: inspector });
    orders.process(() => NEVER, { name: 'pack', concurrency: 2 });
    for (let order = 0; order < 5; order++) orders.trySend(order);
    createProcessor(() => undefined, { name: 'resize', probe: inspector });
    const { channels, processors } = inspector.snapshot();
    expect(channels).toMatchObject([{ id: 'channel orders', state: 'open', capacity: 2, waiting: 2, rejected: 1 }]);
    expect(channels[0]!.workers).toMatchObject([{ id: 'channel orders / pack', inFlight: 2, concurrency: 2 }]);
    expect(processors).toMatchObject([{ id: 'processor resize', listensTo: [], state: 'open' }]);
  });

  it('has projections, with the handler that runs', async () => {
    const inspector = createInspector();
    await using store = memoryEventStore();
    await store.append('orders-1', [OrderPlaced.create({ id: 'o1', total: 5 })]);
    await using projection = runProjection(
      store,
      { name: 'totals', events: [OrderPlaced], on: () => undefined },
      { probe: inspector },
    );
    await projection.caughtUp();
    const [seen] = inspector.snapshot().projections;
    expect(seen).toMatchObject({ id: 'projection totals', state: 'live', lag: 0, behindMs: 0 });
    expect(seen!.checkpoint).toBe(projection.stats().checkpoint);
    expect(seen!.handlers).toMatchObject([{ handled: 1, listensTo: ['order.placed'] }]);
  });

  it('has the broker of a brokered bus, what is on its way to it, and its consumers', async () => {
    const inspector = createInspector();
    await using broker = memoryBroker({ name: 'cluster' });
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: inspector });
    bus.on(OrderPlaced, () => undefined, { name: 'charge' });
    await bus.ready;
    await bus.publish(OrderPlaced, { id: 'o1', total: 5 });
    await settled();
    const [seen] = inspector.snapshot().buses;
    expect(seen).toMatchObject({
      id: 'bus billing',
      broker: { name: 'cluster', state: 'connected', reconnects: 0, lost: 0, outgoing: { waiting: 0, dropped: 0 } },
      handlers: [{ id: 'bus billing / charge', handled: 1, listensTo: ['order.placed'] }],
    });
  });

  it('is the same after JSON, also where there is no bound', () => {
    const { inspector } = clocked();
    const bus = createEventBus({ probe: inspector });
    bus.on(Tick, () => Promise.reject(new Error('no')), { capacity: Infinity, breaker: {}, retry: { maxAttempts: 2 } });
    createChannel({ capacity: Infinity, probe: inspector }).process(() => undefined, { key: String });
    bus.emit(Tick, 1);
    const snapshot = inspector.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot);
    expect('capacity' in snapshot.buses[0]!.handlers[0]!).toBe(false);
    expect('capacity' in snapshot.channels[0]!).toBe(false);
  });

  it('keeps parts of one name apart, and gives a name again that has become free', () => {
    const { inspector, clock } = clocked();
    const buses = [1, 2, 3].map(() => createEventBus({ name: 'orders', probe: inspector }));
    for (const bus of buses) bus.on(Tick, () => undefined, { name: 'ship' });
    createEventBus({ name: 'orders 2', probe: inspector });
    const ids = (): readonly string[] => inspector.snapshot().buses.map(({ id }) => id);
    expect(ids()).toStrictEqual(['bus orders', 'bus orders 2', 'bus orders 3', 'bus orders 2 2']);
    expect(inspector.snapshot().buses[1]!.handlers[0]!.id).toBe('bus orders 2 / ship');
    buses[1]!.close();
    clock.frame = 70;
    createEventBus({ name: 'orders', probe: inspector });
    expect(ids()).toStrictEqual(['bus orders', 'bus orders 3', 'bus orders 2 2', 'bus orders 2']);
    expect(inspector.snapshot().buses.map(({ since }) => since)).toStrictEqual([0, 0, 0, 70]);
  });

  it('says for how long there has been no room', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor(() => timer(100, clock), { probe: inspector, capacity: 1, scheduler: clock });
    const fullMs = (): number => inspector.snapshot().processors[0]!.fullMs;
    processor.trySend('a');
    expect(fullMs()).toBe(0);
    processor.trySend('b');
    expect(fullMs()).toBe(0);
    await clock.advance(30);
    expect(fullMs()).toBe(30);
    await clock.advance(80);
    expect(fullMs()).toBe(0);
    processor.trySend('c');
    expect(fullMs()).toBe(0);
    await clock.advance(5);
    expect(fullMs()).toBe(5);
  });
});

describe('of what failed', () => {
  it('keeps the last error as text, with its time, and how many died within the last minute', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<string>((text) => throwError(() => new TypeError(`no ${text}`)), {
      probe: inspector,
      retry: { maxAttempts: 2, delayMs: 10 },
      scheduler: clock,
    });
    const seen = (): HandlerSnapshot => inspector.snapshot().processors[0]!;
    processor.trySend('a');
    expect(seen().lastError).toStrictEqual({ name: 'TypeError', message: 'no a', time: 0 });
    await clock.advance(10);
    expect(seen()).toMatchObject({ retried: 1, dead: 1, deadLastMinute: 1, lastError: { time: 10 } });
    await clock.advance(61_000);
    expect(seen()).toMatchObject({ dead: 1, deadLastMinute: 0, lastError: { message: 'no a' } });
  });

  it('knows those that had no attempt', () => {
    const { inspector } = clocked();
    const bus = createEventBus({ probe: inspector });
    bus.on(Tick, () => NEVER, { name: 'slow', capacity: 0 });
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(inspector.snapshot().buses[0]!.handlers).toMatchObject([
      { accepted: 2, dead: 1, deadLastMinute: 1, lastError: { name: 'OverflowError' }, handlingMs: { count: 0 } },
    ]);
  });
});

describe('how long it takes', () => {
  it('is measured for each event, waiting and handling apart', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<number>((ms) => timer(ms, clock), { probe: inspector, scheduler: clock });
    for (const ms of [100, 20, 20, 60]) processor.trySend(ms);
    await clock.advance(200);
    const { waitingMs, handlingMs, measuredOneIn } = inspector.snapshot().processors[0]!;
    expect(measuredOneIn).toBe(1);
    // Taken at 0, and begun at 0, 100, 120 and 140.
    expect(waitingMs).toMatchObject({ count: 4, mean: 90, max: 140 });
    expect(waitingMs.p50 / 100).toBeCloseTo(1, 1);
    expect(handlingMs).toMatchObject({ count: 4, mean: 50, max: 100 });
    expect(handlingMs.p50 / 20).toBeCloseTo(1, 1);
  });

  it('counts every attempt by itself, and no time between them', async () => {
    const { inspector, clock } = clocked();
    const failing = timer(30, clock).pipe(mergeMap(() => throwError(() => new Error('no'))));
    const processor = createProcessor((_, { attempt }) => (attempt < 3 ? failing : timer(50, clock)), {
      probe: inspector,
      scheduler: clock,
      retry: { maxAttempts: 3, delayMs: 1_000 },
    });
    processor.trySend('a');
    await clock.advance(5_000);
    const { waitingMs, handlingMs } = inspector.snapshot().processors[0]!;
    expect(waitingMs).toMatchObject({ count: 1, max: 0 });
    expect(handlingMs).toMatchObject({ count: 3, max: 50, mean: expect.closeTo((30 + 30 + 50) / 3, 5) });
  });

  it('is measured for some of many only, each of which counts for those that were not', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<number>((ms) => (ms === 0 ? undefined : timer(ms, clock)), {
      probe: inspector,
      scheduler: clock,
      concurrency: 200,
    });
    const seen = (): HandlerSnapshot => inspector.snapshot().processors[0]!;
    for (let slow = 0; slow < 150; slow++) processor.trySend(100);
    for (let quick = 0; quick < 50_000; quick++) processor.trySend(0);
    await clock.advance(100);
    const { measuredOneIn, handlingMs, handled } = seen();
    expect({ measuredOneIn, handled }).toStrictEqual({ measuredOneIn: 256, handled: 50_150 });
    expect(handlingMs.count).toBeLessThan(1_000);
    // The slow ones are most of those that were measured, but 0.3 % of all.
    expect(handlingMs).toMatchObject({ p50: 0, p99: 0, max: 100 });
    for (let more = 0; more < 5; more++) processor.trySend(0);
    expect(seen().handlingMs.count).toBe(handlingMs.count + 5);
    expect(seen().measuredOneIn).toBe(1);
  });

  it('forgets after a minute', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor(() => timer(500, clock), { probe: inspector, scheduler: clock });
    processor.trySend('a');
    await clock.advance(29_000);
    expect(inspector.snapshot().processors[0]!.handlingMs.count).toBe(1);
    await clock.advance(32_000);
    expect(inspector.snapshot().processors[0]!.handlingMs.count).toBe(0);
  });

  it('leaves out what was given up', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<number>((ms) => timer(ms, clock), {
      probe: inspector,
      strategy: 'switch',
      scheduler: clock,
    });
    processor.trySend(1_000);
    await clock.advance(10);
    processor.trySend(5);
    await clock.advance(10);
    expect(inspector.snapshot().processors[0]).toMatchObject({ dropped: 1, handlingMs: { count: 1, max: 5 } });
  });

  it('does not count the time that the store of dead letters takes', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<string>(
      () => timer(5, clock).pipe(mergeMap(() => throwError(() => new Error('no')))),
      {
        probe: inspector,
        scheduler: clock,
        deadLetters: createDeadLetterQueue({ store: slowStore(clock), scheduler: clock }),
      },
    );
    processor.trySend('a');
    await clock.advance(10);
    expect(inspector.snapshot().processors[0]).toMatchObject({ dead: 0, handlingMs: { count: 1, max: 5 } });
    await clock.advance(1_000);
    expect(inspector.snapshot().processors[0]).toMatchObject({ dead: 1, handlingMs: { count: 1, max: 5 } });
  });
});

describe('parts that have closed', () => {
  it('are not in it any more, but in its totals', async () => {
    const { inspector } = clocked();
    const bus = createEventBus({ probe: inspector });
    bus.on(Tick, () => undefined, { name: 'a' });
    const leaving = bus.on(Tick, () => undefined, { name: 'b' });
    bus.emit(Tick, 1);
    leaving.unsubscribe();
    bus.emit(Tick, 2);
    expect(inspector.snapshot()).toMatchObject({
      buses: [{ handlers: [{ name: 'a', handled: 2 }] }],
      totals: { accepted: 3, handled: 3 },
      closed: 0,
    });
    await bus.drain();
    expect(inspector.snapshot()).toMatchObject({ buses: [], totals: { accepted: 3, handled: 3 }, closed: 1 });
  });

  it('are counted to their last event, also if its letter takes its time to be stored', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<string>(() => throwError(() => new Error('no')), {
      probe: inspector,
      scheduler: clock,
      deadLetters: createDeadLetterQueue({ store: slowStore(clock), scheduler: clock }),
    });
    processor.trySend('a');
    processor.close();
    await clock.advance(999);
    expect(inspector.snapshot().totals).toMatchObject({ accepted: 1, dead: processor.stats().dead });
    await clock.advance(1);
    expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1 });
    expect(inspector.snapshot()).toMatchObject({ processors: [], closed: 1, totals: { accepted: 1, dead: 1 } });
  });

  it('are counted with what they bury when they have closed already', () => {
    const { inspector, clock } = clocked();
    const deadLetters = createDeadLetterQueue<number>({ scheduler: clock });
    const supervised = of(1, 2, 3, 4).pipe(
      supervise(() => NEVER, { probe: inspector, scheduler: clock, deadLetters, capacity: 0 }),
    );
    const subscription = supervised.subscribe();
    expect(inspector.snapshot()).toMatchObject({ processors: [{ inFlight: 1 }], totals: { accepted: 1, dead: 0 } });
    subscription.unsubscribe();
    expect(deadLetters.stats().received).toBe(4);
    expect(inspector.snapshot()).toMatchObject({ processors: [], totals: { accepted: 4, dead: 4 } });
  });

  it('are not taken for closed when the inspector is removed, nor counted twice when it comes again', () => {
    const { inspector } = clocked();
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 1);
    const added = bus.addProbe(inspector);
    expect(inspector.snapshot().totals.handled).toBe(1);
    added.unsubscribe();
    expect(inspector.snapshot()).toMatchObject({ buses: [], closed: 0, totals: { handled: 1 } });
    bus.emit(Tick, 2);
    bus.addProbe(inspector);
    expect(inspector.snapshot()).toMatchObject({ buses: [{ handlers: [{ handled: 2 }] }], totals: { handled: 2 } });
  });

  it('may be given it twice', () => {
    const { inspector } = clocked();
    const bus = createEventBus({ probe: [inspector, inspector] });
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 1);
    const { buses, totals } = inspector.snapshot();
    expect(buses).toHaveLength(1);
    expect(totals.handled).toBe(1);
    expect(buses[0]!.handlers[0]!).toMatchObject({ id: 'bus bus / tick#1', handlingMs: { count: 1 } });
  });
});

describe('a watch', () => {
  it('has a snapshot at once, and then one every so often, for each by itself', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor(() => undefined, { probe: inspector });
    const seen: string[] = [];
    const watched = inspector.watch({ everyMs: 10 });
    expect(seen).toStrictEqual([]);
    const first = watched.subscribe(({ time, totals }) => seen.push(`a at ${time}: ${totals.handled}`));
    expect(seen).toStrictEqual(['a at 0: 0']);
    processor.trySend(1);
    await clock.advance(15);
    watched.subscribe(({ time }) => seen.push(`b at ${time}`));
    await clock.advance(5);
    first.unsubscribe();
    await clock.advance(10);
    expect(seen).toStrictEqual(['a at 0: 0', 'a at 10: 1', 'b at 15', 'a at 20: 1', 'b at 25']);
  });
});

describe('an inspector', () => {
  it.each([{ random: 5 }, { random: null }])('refuses %j', (options) => {
    expect(() => createInspector(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  it.each([0, -1, NaN, Infinity, '5'])('refuses to watch every %s ms', (everyMs) => {
    expect(() => createInspector().watch({ everyMs: everyMs as number })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });

  it('that throws harms no event, and is reported', async () => {
    const broken = new Error('a broken clock');
    let isBroken = false;
    const now = (): number => {
      if (isBroken) throw broken;
      return 0;
    };
    const inspector = createInspector({ scheduler: { now, schedule: () => expect.fail('nothing to schedule') } });
    const bus = createEventBus({ probe: inspector });
    const reported: unknown[] = [];
    bus.errors.subscribe(({ kind, error }) => reported.push([kind, error]));
    bus.on(Tock, (_, { attempt }) => (attempt === 1 ? Promise.reject(new Error('not yet')) : undefined), {
      retry: { maxAttempts: 2, delayMs: 0 },
    });
    isBroken = true;
    expect(await bus.publish(Tock, 1)).toMatchObject({ ok: true, handlers: [{ outcome: 'handled', attempts: 2 }] });
    expect(reported.length).toBeGreaterThan(0);
    for (const report of reported) expect(report).toStrictEqual(['probe', broken]);
  });

  it('keeps nothing of events that have ended, however they have', async () => {
    const { inspector, clock } = clocked();
    const processor = createProcessor<{ readonly fails: boolean }>(
      ({ fails }) => timer(5, clock).pipe(mergeMap(() => (fails ? throwError(() => new Error('no')) : []))),
      { probe: inspector, scheduler: clock, capacity: 2, overflow: 'drop-oldest' },
    );
    const events: WeakRef<object>[] = [];
    for (let count = 0; count < 8; count++) {
      const event = { fails: count % 2 === 0 };
      events.push(new WeakRef(event));
      processor.trySend(event);
    }
    await clock.advance(100);
    await processor.deadLetters.discard();
    expect(processor.stats()).toMatchObject({ pending: 0, handled: 1, dead: 2, dropped: 5 });
    // The clock holds the last one itself.
    expect(await countAlive(events)).toBeLessThanOrEqual(1);
    expect(inspector.snapshot().processors).toHaveLength(1);
  });

  it('measures with microseconds, unless it is given another clock', () => {
    const inspector = createInspector();
    const before = Date.now();
    const { time } = inspector.snapshot();
    expect(Math.abs(time - before)).toBeLessThan(5_000);
    const times = new Set(Array.from({ length: 50 }, () => inspector.snapshot().time));
    expect(times.size).toBeGreaterThan(20);
  });

  it('counts as handlers do themselves', () => {
    const { inspector, clock } = clocked();
    const bus = createEventBus({ probe: inspector, scheduler: clock });
    bus.on(Tick, () => NEVER, { capacity: 1, overflow: 'drop-oldest' });
    for (let tick = 0; tick < 5; tick++) bus.emit(Tick, tick);
    clock.frame = 17;
    expect(inspector.snapshot().buses[0]!.handlers.map(countsOf)).toStrictEqual(bus.stats().handlers.map(countsOf));
  });
});
