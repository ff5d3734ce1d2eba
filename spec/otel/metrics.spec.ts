import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  createBrokeredBus,
  createChannel,
  createEventBus,
  createProcessor,
  createRepository,
  defineEvent,
  memoryBroker,
  memoryEventStore,
  payload,
  type Probe,
  runProjection,
} from 'millrace';
import { otelMetrics } from 'millrace/otel';
import * as fc from 'fast-check';
import { NEVER, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Account, create } from '../support/account.ts';
import { expectAttributes, METRICS } from './conventions.ts';

const Placed = defineEvent('order.placed', payload<string>());

interface Meter {
  readonly provider: MeterProvider;
  readonly probe: Probe;
  /** What a scrape finds. */
  readonly collect: () => Promise<readonly MetricData[]>;
  /** The values of a metric, by the attributes that tell them apart here. */
  readonly values: (name: string, ...by: readonly string[]) => Promise<Readonly<Record<string, number>>>;
}

/** The real SDK, whose metrics stay in memory. */
function meter(): Meter {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const collect = async (): Promise<readonly MetricData[]> => {
    await reader.forceFlush();
    return (
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
    );
  };
  return {
    provider,
    probe: otelMetrics({ meterProvider: provider }),
    collect,
    values: async (name, ...by) => {
      const found = (await collect()).find(({ descriptor }) => descriptor.name === name);
      const points = (found?.dataPoints ?? []).map(({ attributes, value }) => [
        by.map((key) => String(attributes[key])).join(' '),
        typeof value === 'number' ? value : (value.count ?? 0),
      ]);
      return Object.fromEntries(points) as Record<string, number>;
    },
  };
}

const HANDLER = 'messaging.destination.subscription.name';
const GROUP = 'messaging.consumer.group.name';

afterEach(() => vi.restoreAllMocks());

describe('the metrics of a bus', () => {
  it('count what is sent, and what becomes of it, handler by handler', async () => {
    const { probe, values } = meter();
    const bus = createEventBus({ name: 'orders', probe });
    let failures = 0;
    const charge = () => (++failures <= 3 ? Promise.reject(new Error('no')) : undefined);
    bus.on(Placed, charge, { name: 'charge', retry: { maxAttempts: 2, delayMs: 0 }, capacity: 10 });
    bus.on(Placed, () => NEVER, { name: 'stuck', capacity: 1, overflow: 'drop-newest' });
    for (const data of ['a', 'b', 'c', 'd']) bus.emit(Placed, data);
    await expect.poll(() => bus.stats().handlers[0]!.pending).toBe(0);
    expect(await values('messaging.client.sent.messages', 'millrace.bus')).toStrictEqual({ orders: 4 });
    // There was nobody to wait for.
    expect(await values('messaging.client.operation.duration', 'messaging.destination.name')).toStrictEqual({});
    const byHandler = (name: string) => values(name, GROUP, HANDLER);
    expect(await byHandler('messaging.client.consumed.messages')).toStrictEqual({
      'orders charge': 4,
      'orders stuck': 4,
    });
    expect(await byHandler('millrace.handler.handled')).toStrictEqual({ 'orders charge': 3, 'orders stuck': 0 });
    expect(await byHandler('millrace.handler.dead_letters')).toStrictEqual({ 'orders charge': 1, 'orders stuck': 0 });
    expect(await byHandler('millrace.handler.retries')).toStrictEqual({ 'orders charge': 2, 'orders stuck': 0 });
    expect(await byHandler('millrace.handler.running')).toStrictEqual({ 'orders charge': 0, 'orders stuck': 1 });
    expect(await byHandler('millrace.handler.waiting')).toStrictEqual({ 'orders charge': 0, 'orders stuck': 1 });
    expect(await byHandler('millrace.handler.capacity')).toStrictEqual({ 'orders charge': 10, 'orders stuck': 1 });
    expect(await byHandler('millrace.handler.concurrency')).toStrictEqual({ 'orders charge': 1, 'orders stuck': 1 });
    const drops = await values('millrace.handler.drops', HANDLER, 'millrace.reason');
    expect(drops).toMatchObject({ 'stuck drop-newest': 2, 'stuck busy': 0, 'charge drop-newest': 0 });
    const longest = async () => (await byHandler('millrace.handler.longest_running'))['orders stuck'];
    await expect.poll(longest).toBeGreaterThan(0);
    bus.close();
  });

  it('are named, of kinds and in units, as the conventions have it', async () => {
    const { probe, collect } = meter();
    await using broker = memoryBroker({ name: 'kafka' });
    await using bus = createBrokeredBus(broker, { group: 'billing', probe });
    bus.on(Placed, ({ data }) => (data === 'b' ? Promise.reject(new RangeError('no')) : undefined), { name: 'charge' });
    await bus.ready;
    await bus.publish(Placed, 'a');
    await bus.publish(Placed, 'b');
    await expect.poll(() => bus.stats().handlers[0]).toMatchObject({ handled: 1, dead: 1 });
    const found = await collect();
    for (const [name, { instrument, unit, attributes: table }] of Object.entries(METRICS)) {
      const metric = found.find(({ descriptor }) => descriptor.name === name)!;
      expect(metric.descriptor.unit).toBe(unit);
      expect(metric.dataPointType).toBe(instrument === 'histogram' ? DataPointType.HISTOGRAM : DataPointType.SUM);
      if (metric.dataPointType === DataPointType.SUM) expect(metric.isMonotonic).toBe(true);
      for (const { attributes } of metric.dataPoints) {
        expectAttributes(attributes, table);
        expect(attributes['messaging.system.name']).toBe('kafka');
      }
    }
    const durations = found.find(({ descriptor }) => descriptor.name === 'messaging.process.duration')!;
    expect(durations.dataPoints.map(({ attributes }) => attributes)).toStrictEqual([
      {
        [GROUP]: 'billing',
        [HANDLER]: 'charge',
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.destination.name': 'order.placed',
        'millrace.outcome': 'handled',
      },
      {
        [GROUP]: 'billing',
        [HANDLER]: 'charge',
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.destination.name': 'order.placed',
        'millrace.outcome': 'dead',
        'error.type': 'RangeError',
      },
    ]);
    const boundaries = durations.dataPoints.map(
      ({ value }) => (value as { buckets: { boundaries: number[] } }).buckets.boundaries,
    );
    expect(boundaries[0]).toStrictEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
  });

  it('say what a broker does, and how long it takes to confirm', async () => {
    const { probe, values } = meter();
    const broker = memoryBroker({ name: 'kafka' });
    const bus = createBrokeredBus(broker, {
      group: 'billing',
      probe,
      outgoing: { capacity: 1, overflow: 'drop-newest' },
    });
    const by = ['millrace.bus', 'millrace.broker'];
    bus.emit(Placed, 'a');
    bus.emit(Placed, 'b');
    expect(await values('millrace.outgoing.capacity', ...by)).toStrictEqual({ 'billing kafka': 1 });
    expect(await values('millrace.outgoing.drops', ...by)).toStrictEqual({ 'billing kafka': 1 });
    expect(await values('millrace.broker.connected', ...by)).toStrictEqual({ 'billing kafka': 1 });
    await bus.publish(Placed, 'c');
    await broker.close();
    expect(await values('millrace.broker.connected', ...by)).toStrictEqual({ 'billing kafka': 0 });
    await expect(bus.publish(Placed, 'd')).rejects.toThrow();
    const durations = await values('messaging.client.operation.duration', 'messaging.destination.name', 'error.type');
    expect(durations).toStrictEqual({
      'order.placed undefined': 2,
      'order.placed OverflowError': 1,
      'order.placed ClosedError': 1,
    });
    bus.close();
  });

  it('count what no handler was given, by reason', async () => {
    const { probe, values } = meter();
    const bus = createEventBus({ name: 'orders', probe });
    const Checked = defineEvent('order.checked', z.string());
    for (const data of [1, 'a', 2]) bus.ingest(Checked, data);
    const by = ['millrace.bus', 'millrace.reason'];
    expect(await values('millrace.refused', ...by)).toStrictEqual({ 'orders invalid': 2 });
    expect(await values('millrace.bus.invalid', 'millrace.bus')).toStrictEqual({ orders: 2 });
    const channel = createChannel<string>({ name: 'inbox', capacity: 2, probe });
    channel.trySend('a');
    await channel.drain({ deadlineMs: 1 });
    expect(await values('millrace.refused', 'millrace.channel', 'millrace.reason')).toMatchObject({
      'inbox abandoned': 1,
    });
  });

  it('of buses, handlers and projections that have gone stay, and never go back', async () => {
    const { probe, values } = meter();
    const sum = async (name: string) =>
      Object.values(await values(name, GROUP, HANDLER)).reduce((all, one) => all + one, 0);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('open', 'emit', 'fail', 'close', 'leave')), async (steps) => {
        const buses = [createEventBus({ probe })];
        let before = [0, 0];
        for (const step of steps) {
          const bus = buses.at(-1)!;
          if (step === 'open') bus.on(Placed, () => undefined);
          else if (step === 'emit') bus.emit(Placed, 'a');
          else if (step === 'fail') bus.once(Placed, () => Promise.reject(new Error('no')));
          else if (step === 'leave') bus.on(Placed, () => NEVER).unsubscribe();
          else {
            bus.close();
            buses.push(createEventBus({ probe }));
          }
          const after = [await sum('messaging.client.consumed.messages'), await sum('millrace.handler.dead_letters')];
          for (const index of [0, 1]) expect(after[index]).toBeGreaterThanOrEqual(before[index]!);
          before = after;
        }
        for (const bus of buses) bus.close();
      }),
      { numRuns: 30 },
    );
  });

  it('of what is now are over when a handler is gone, or the probe, as exporters go on with what they were told last', async () => {
    const { probe, values } = meter();
    const scheduler = new VirtualTimeScheduler();
    const bus = createEventBus({ scheduler });
    const watching = bus.addProbe(probe);
    bus.on(Placed, () => NEVER, { name: 'charge', capacity: 5 });
    for (const data of ['a', 'b']) bus.emit(Placed, data);
    scheduler.frame = 1_000;
    const now = async () => {
      const names = ['running', 'waiting', 'capacity', 'longest_running'].map((name) => `millrace.handler.${name}`);
      return Promise.all(names.map(async (name) => (await values(name, HANDLER))['charge']! > 0));
    };
    expect(await now()).toStrictEqual([true, true, true, true]);
    watching.unsubscribe();
    expect(await now()).toStrictEqual([false, false, false, false]);
    const consumed = () => values('messaging.client.consumed.messages', HANDLER);
    expect(await consumed()).toStrictEqual({ charge: 2 });
    bus.emit(Placed, 'c');
    bus.addProbe(probe);
    expect(await now()).toStrictEqual([true, true, true, true]);
    expect(await consumed()).toStrictEqual({ charge: 3 });
    bus.close();
    expect(await consumed()).toStrictEqual({ charge: 3 });
  });

  it('are sums of those that have one name, and are few, however many handlers have none', async () => {
    const { probe, values } = meter();
    const buses = [createEventBus({ probe }), createEventBus({ probe })];
    for (const bus of buses) {
      bus.on(Placed, () => undefined, { name: 'charge' });
      for (let index = 0; index < 20; index++) bus.once(Placed, () => undefined);
      bus.emit(Placed, 'a');
      bus.emit(Placed, 'b');
    }
    expect(await values('messaging.client.consumed.messages', GROUP, HANDLER)).toStrictEqual({
      'bus charge': 4,
      'bus order.placed': 40,
    });
  });

  it('have the first fifty classes of errors, and one for all others', async () => {
    const { probe, values } = meter();
    const bus = createEventBus({ probe });
    bus.on(Placed, ({ data }) => Promise.reject(Object.assign(new Error('no'), { name: data })), { name: 'charge' });
    for (let index = 0; index < 60; index++) await bus.publish(Placed, `Error${index}`);
    await bus.publish(Placed, 'Error7');
    const counts = await values('messaging.process.duration', 'error.type');
    expect(Object.keys(counts)).toHaveLength(51);
    expect(counts).toMatchObject({ Error7: 2, Error49: 1, _OTHER: 10 });
    expect(await values('millrace.handler.dead_letters', HANDLER)).toStrictEqual({ charge: 61 });
  });
});

describe('the metrics of channels, projections, repositories and processors', () => {
  it('say what waits where', async () => {
    const { probe, values } = meter();
    const channel = createChannel<string>({ name: 'inbox', capacity: 2, probe });
    for (const item of ['a', 'b', 'c']) void channel.send(item).catch(() => undefined);
    expect(await values('millrace.channel.waiting', 'millrace.channel')).toStrictEqual({ inbox: 2 });
    expect(await values('millrace.channel.suspended', 'millrace.channel')).toStrictEqual({ inbox: 1 });
    expect(await values('millrace.channel.capacity', 'millrace.channel')).toStrictEqual({ inbox: 2 });
    channel.process(() => NEVER, { name: 'worker' });
    expect(await values('millrace.handler.running', GROUP, HANDLER)).toStrictEqual({ 'inbox worker': 1 });
    const open = createChannel<string>({ name: 'open', capacity: Infinity, probe });
    expect(await values('millrace.channel.capacity', 'millrace.channel')).toStrictEqual({ inbox: 2 });
    open.close();
  });

  it('say how far a projection is behind, and how long appends take', async () => {
    const { probe, values } = meter();
    await using store = memoryEventStore();
    const accounts = createRepository(store, Account, { probe });
    await accounts.execute('ada', create('Ada'));
    await accounts.execute('bob', create('Bob'));
    let proceed = (): void => {};
    const held = new Promise<void>((resolve) => (proceed = resolve));
    const projection = runProjection(store, { name: 'balances', on: () => held }, { probe });
    const lag = () => values('millrace.projection.lag', 'millrace.projection');
    await expect.poll(lag).toStrictEqual({ balances: 2 });
    proceed();
    await projection.caughtUp();
    expect(await lag()).toStrictEqual({ balances: 0 });
    const state = () => values('millrace.projection.state', 'millrace.projection.state');
    expect(await state()).toStrictEqual({ 'catching-up': 0, closed: 0, live: 1, standby: 0, stopped: 0 });
    expect(await values('messaging.client.operation.duration', 'messaging.operation.name')).toStrictEqual({
      append: 2,
    });
    await projection.close();
    expect(await state()).toStrictEqual({ 'catching-up': 0, closed: 1, live: 0, standby: 0, stopped: 0 });
    expect(await values('millrace.handler.handled', HANDLER)).toStrictEqual({ balances: 2 });
    await using again = runProjection(store, { name: 'balances', on: () => held }, { probe });
    await again.caughtUp();
    expect(await state()).toStrictEqual({ 'catching-up': 0, closed: 0, live: 1, standby: 0, stopped: 0 });
  });

  it('say which state a circuit is in', async () => {
    const { probe, values } = meter();
    const breaker = { failureThreshold: 1, resetAfterMs: 60_000 };
    const call = (): Promise<never> => Promise.reject(new Error('no'));
    const processor = createProcessor<string>(call, { name: 'call', probe, breaker });
    const state = () => values('millrace.handler.circuit', 'millrace.circuit.state');
    expect(await state()).toStrictEqual({ closed: 1, 'half-open': 0, open: 0 });
    await (
      await processor.send('a')
    ).settled;
    expect(await state()).toStrictEqual({ closed: 0, 'half-open': 0, open: 1 });
    processor.close();
  });
});

describe('durations', () => {
  it('are measured of all events of which 250 come at once, and of a thousand a second beyond', async () => {
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const { probe, values } = meter();
    const processor = createProcessor<number>(() => void (nowMs += 0), { name: 'call', probe });
    const measured = async () => (await values('messaging.process.duration', HANDLER))['call'] ?? 0;
    for (let item = 0; item < 1_000; item++) processor.trySend(item);
    expect(await measured()).toBe(250);
    for (let item = 0; item < 1_000_000; item++) {
      nowMs += 0.001;
      processor.trySend(item);
    }
    const inOneSecond = (await measured()) - 250;
    expect(inOneSecond).toBeGreaterThan(900);
    expect(inOneSecond).toBeLessThanOrEqual(1_001);
    for (let item = 0; item < 300; item++) {
      nowMs += 1;
      processor.trySend(item);
    }
    // After a flood, at most the rest of a gap is missed.
    const inThree = (await measured()) - 250 - inOneSecond;
    expect(inThree).toBeGreaterThanOrEqual(300 - 257);
    expect(await values('millrace.handler.handled', HANDLER)).toStrictEqual({ call: 1_001_300 });
  });

  it('are seconds: in the waiting room, and from the first attempt to the end', async () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const { probe, collect } = meter();
    const ends: (() => void)[] = [];
    const processor = createProcessor<string>(() => new Promise<void>((resolve) => ends.push(resolve)), { probe });
    processor.trySend('a');
    processor.trySend('b');
    nowMs = 2_000;
    ends[0]!();
    await expect.poll(() => ends).toHaveLength(2);
    nowMs = 2_500;
    ends[1]!();
    await processor.drain();
    const sums = (await collect()).flatMap(({ descriptor: { name }, dataPoints }) =>
      name.endsWith('duration') ? dataPoints.map(({ value }) => [name, (value as { sum: number }).sum]) : [],
    );
    expect(Object.fromEntries(sums)).toStrictEqual({
      'messaging.process.duration': 2.5,
      'millrace.handler.wait.duration': 2,
    });
  });
});

describe('otelMetrics', () => {
  it('finds an SDK that is registered after it was made', async () => {
    const { provider, values } = meter();
    const probe = otelMetrics();
    metrics.setGlobalMeterProvider(provider);
    createEventBus({ name: 'orders', probe }).emit(Placed, 'a');
    metrics.disable();
    expect(await values('messaging.client.sent.messages', 'millrace.bus')).toStrictEqual({ orders: 1 });
  });

  it('harms no event, whatever the SDK throws', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const bus = createEventBus({ probe: otelMetrics({ meterProvider: { getMeter: boom } }) });
    bus.errors.subscribe();
    bus.on(Placed, () => undefined, { name: 'charge' });
    expect(await bus.publish(Placed, 'a')).toMatchObject({ ok: true });
  });

  it('says what it cannot work with', () => {
    expect(() => otelMetrics(1 as never)).toThrow('Expected options to be an object of options, got 1.');
    expect(() => otelMetrics({ meterProvider: 1 as never })).toThrow(
      'Expected meterProvider to be an object of options',
    );
  });
});
