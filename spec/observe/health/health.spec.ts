import {
  type BrokerState,
  createBrokeredBus,
  createEventBus,
  createInspector,
  createProcessor,
  health,
  type HealthRules,
  type InspectorSnapshot,
  memoryBroker,
} from 'millrace';
import { BehaviorSubject, NEVER, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { changedBroker } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { busOf, channelOf, handlerOf, projectionOf, snapshotOf } from '../snapshots.ts';

const WELL = { isLive: true, isReady: true, reasons: [] };

/** An inspector that always sees the same. */
function seeing(parts: Partial<InspectorSnapshot>): { snapshot(): InspectorSnapshot } {
  return { snapshot: () => snapshotOf(parts) };
}

const BROKER = {
  name: 'jetstream',
  state: 'connected',
  stateMs: 60_000,
  reconnects: 0,
  publishing: 0,
  inFlight: 0,
  lost: 0,
  outgoing: { waiting: 0, dropped: 0 },
} as const;

describe('health', () => {
  it('is good as long as nothing is there, and where all is well', () => {
    expect(health(createInspector())).toStrictEqual(WELL);
    const busy = handlerOf('ship', {
      waiting: 1_000,
      inFlight: 1,
      longestRunningMs: 119_000,
      dead: 5_000,
      deadLastMinute: 60,
    });
    const catchingUp = projectionOf('totals', { state: 'catching-up', lag: 5_000_000, behindMs: 29_000 });
    const steady = projectionOf('sums', { state: 'catching-up', lag: 1_000, behindMs: 5_000_000 });
    const parts = { buses: [busOf('orders', { handlers: [busy], broker: BROKER })], projections: [catchingUp, steady] };
    expect(health(seeing(parts))).toStrictEqual(WELL);
  });

  it('is lost with a handler that hangs: it is neither live nor ready', () => {
    const hanging = seeing({
      processors: [handlerOf('resize', { id: 'processor resize', longestRunningMs: 120_001.4 })],
    });
    expect(health(hanging)).toStrictEqual({
      isLive: false,
      isReady: false,
      reasons: [
        {
          rule: 'stuck',
          severity: 'live',
          part: 'processor resize',
          message:
            "Expected handler 'resize' to end its attempts within 120000 ms, got one that has run for 120001 ms.",
          value: 120_001.4,
          limit: 120_000,
        },
      ],
    });
  });

  const full = { fullMs: 10_001, waiting: 9 };
  const lastError = { name: 'TypeError', message: 'a secret', time: 0 };
  it.each<[string, Partial<InspectorSnapshot>, object]>([
    [
      'a handler of a bus that has no room',
      { buses: [busOf('orders', { handlers: [handlerOf('ship', full)] })] },
      {
        rule: 'full',
        part: 'handler ship',
        message: "Expected 'ship' to have room again within 10000 ms, got none for 10001 ms, with 9 waiting.",
        value: 10_001,
        limit: 10_000,
      },
    ],
    [
      'a processor that has no room',
      { processors: [handlerOf('resize', full)] },
      { rule: 'full', part: 'handler resize' },
    ],
    ['a channel that has no room', { channels: [channelOf('inbox', full)] }, { rule: 'full', part: 'channel inbox' }],
    [
      'many dead letters',
      { processors: [handlerOf('resize', { deadLastMinute: 61, lastError })] },
      {
        rule: 'deadLetters',
        part: 'handler resize',
        message:
          "Expected at most 60 dead letters of handler 'resize' within a minute, got 61; the last error was of TypeError.",
        value: 61,
        limit: 60,
      },
    ],
    [
      'a broker that is away',
      { buses: [busOf('billing', { broker: { ...BROKER, state: 'reconnecting', stateMs: 5_001 } })] },
      {
        rule: 'broker',
        part: 'bus billing',
        message: "Expected broker 'jetstream' of bus 'billing' to be connected, got reconnecting for 5001 ms.",
        value: 5_001,
        limit: 5_000,
      },
    ],
    [
      'a broker that has closed',
      { buses: [busOf('billing', { broker: { ...BROKER, state: 'closed', stateMs: 0 } })] },
      { rule: 'broker', value: 0 },
    ],
    [
      'a projection that is far behind',
      { projections: [projectionOf('totals', { state: 'catching-up', lag: 1_001, behindMs: 30_001 })] },
      {
        rule: 'lagging',
        part: 'projection totals',
        message:
          "Expected projection 'totals' to be behind by at most 1000 positions, or for at most 30000 ms, got 1001 for 30001 ms.",
        value: 1_001,
        limit: 1_000,
      },
    ],
    [
      'a projection that has stopped',
      { projections: [projectionOf('totals', { state: 'stopped', handlers: [handlerOf('totals', { lastError })] })] },
      {
        rule: 'stopped',
        message:
          "Expected projection 'totals' to run, got one that has stopped at an event that it cannot handle; the last error was of TypeError.",
        value: 'stopped',
        limit: 'live',
      },
    ],
    [
      'an open circuit',
      { buses: [busOf('orders', { handlers: [handlerOf('charge', { circuit: 'open' })] })] },
      { rule: 'circuit', part: 'handler charge', value: 'open', limit: 'closed' },
    ],
    [
      'a bus that is draining',
      { buses: [busOf('orders', { state: 'draining' })] },
      { rule: 'draining', part: 'bus orders', value: 'draining', limit: 'open' },
    ],
    [
      'a processor that is draining',
      { processors: [handlerOf('resize', { state: 'draining' })] },
      { rule: 'draining', part: 'handler resize' },
    ],
    [
      'nothing left that is open',
      { closed: 2 },
      {
        rule: 'draining',
        message: 'Expected a bus, a channel, a projection or a processor that is open, got none: all 2 have closed.',
        value: 'closed',
        limit: 'open',
      },
    ],
  ])('is live, but not ready, with %s', (_, parts, reason) => {
    const { isLive, isReady, reasons } = health(seeing(parts));
    expect({ isLive, isReady }).toStrictEqual({ isLive: true, isReady: false });
    expect(reasons).toMatchObject([{ severity: 'ready', ...reason }]);
    expect(JSON.stringify(reasons)).not.toContain('secret');
  });

  it('minds no projection and no consumer of a broker that has no room: what is too much waits where it is', () => {
    const busy = handlerOf('ship', { fullMs: 1e9 });
    const parts = {
      buses: [busOf('billing', { broker: BROKER, handlers: [busy] })],
      projections: [projectionOf('totals', { handlers: [busy] })],
    };
    expect(health(seeing(parts))).toStrictEqual(WELL);
  });

  it('lets rules be set, weighed otherwise, and left out', () => {
    const slow = seeing({
      processors: [handlerOf('resize', { longestRunningMs: 500, circuit: 'open', deadLastMinute: 1 })],
    });
    expect(health(slow, { stuck: { afterMs: 500 }, circuit: false })).toStrictEqual(WELL);
    const { isLive, isReady, reasons } = health(slow, {
      stuck: { afterMs: 499, severity: 'ready' },
      circuit: false,
      deadLetters: { maxPerMinute: 0 },
    });
    expect({ isLive, isReady }).toStrictEqual({ isLive: true, isReady: false });
    expect(reasons.map(({ rule }) => rule)).toStrictEqual(['stuck', 'deadLetters']);
    expect(health(slow, { circuit: { severity: 'live' } }).isLive).toBe(false);
  });
});

describe('the rules of health', () => {
  it.each([
    [{ stuck: { afterMs: -1 } }, /^Expected stuck\.afterMs to be milliseconds/],
    [{ stuck: { afterMs: '5' } }, /^Expected stuck\.afterMs to be milliseconds/],
    [{ full: { forMs: NaN } }, /^Expected full\.forMs to be milliseconds/],
    [{ full: { forMs: undefined } }, /^Expected full\.forMs to be milliseconds/],
    [{ deadLetters: { maxPerMinute: 0.5 } }, /^Expected deadLetters\.maxPerMinute to be a whole number/],
    [{ lagging: { maxLag: -1 } }, /^Expected lagging\.maxLag to be a whole number/],
    [{ broker: { severity: 'fatal' } }, /^Expected broker\.severity to be one of/],
    [{ broker: { forMS: 5 } }, /^Expected broker to have no more than severity, forMs, got 'forMS'\.$/],
    [{ deadletters: {} }, /^Expected rules to have no more than stuck, full, .*, got 'deadletters'\.$/],
    [{ circuit: true }, /^Expected circuit to be an object of options/],
    [null, /^Expected rules to be an object of options/],
  ])('are refused if they cannot work: %o', (rules, message) => {
    expect(() => health(createInspector(), rules as HealthRules)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  it('need an inspector', () => {
    expect(() => health(undefined as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

describe('health over time', () => {
  it('tells the same to whoever asks, and takes nothing from what another one is told', async () => {
    const clock = new VirtualClock();
    const inspector = createInspector({ scheduler: clock });
    const processor = createProcessor(() => throwError(() => 'no'), { probe: inspector, scheduler: clock });
    const strict = { deadLetters: { maxPerMinute: 2 } };
    for (let event = 0; event < 3; event++) processor.trySend(event);
    expect(health(inspector, strict).reasons).toMatchObject([{ rule: 'deadLetters', value: 3 }]);
    expect(health(inspector, strict).reasons).toMatchObject([{ rule: 'deadLetters', value: 3 }]);
    expect(health(inspector)).toStrictEqual(WELL);
    await clock.advance(61_000);
    expect(health(inspector, strict)).toStrictEqual(WELL);
  });

  it('is not ready while there is no room, and ready again when there is', async () => {
    const clock = new VirtualClock();
    const inspector = createInspector({ scheduler: clock });
    const options = { probe: inspector, capacity: 1, scheduler: clock };
    const processor = createProcessor<number>((ms) => timer(ms, clock), options);
    processor.trySend(15_000);
    processor.trySend(1_000);
    const isReady = (): boolean => health(inspector).isReady;
    expect(isReady()).toBe(true);
    await clock.advance(10_000);
    expect(isReady()).toBe(true);
    await clock.advance(1);
    expect(isReady()).toBe(false);
    await clock.advance(6_000);
    expect(isReady()).toBe(true);
  });

  it('says how long a broker has been away, even if nobody has asked', async () => {
    const clock = new VirtualClock();
    const inspector = createInspector({ scheduler: clock });
    const states = new BehaviorSubject<BrokerState>('connected');
    await using inMemory = memoryBroker();
    const broker = changedBroker(inMemory, { states, stats: () => ({ ...inMemory.stats(), state: states.value }) });
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: inspector });
    await bus.ready;
    const seen = (): object | undefined => inspector.snapshot().buses[0]!.broker;
    await clock.advance(40_000);
    expect(seen()).toMatchObject({ state: 'connected', stateMs: 40_000 });
    await clock.advance(2_000);
    states.next('reconnecting');
    await clock.advance(5_000);
    expect(health(inspector)).toStrictEqual(WELL);
    await clock.advance(1);
    expect(health(inspector).reasons).toMatchObject([{ rule: 'broker', part: 'bus billing', value: 5_001 }]);
    states.next('connected');
    await clock.advance(3);
    expect(seen()).toMatchObject({ state: 'connected', stateMs: 3 });
    expect(health(inspector)).toStrictEqual(WELL);
  });

  it('is live, but not ready, from the beginning of a drain on', async () => {
    const clock = new VirtualClock();
    const inspector = createInspector({ scheduler: clock });
    const bus = createEventBus({ probe: inspector, scheduler: clock });
    bus.on(Tick, () => NEVER);
    bus.emit(Tick, 1);
    const drained = bus.drain({ deadlineMs: 100 });
    expect(health(inspector)).toMatchObject({ isLive: true, isReady: false, reasons: [{ value: 'draining' }] });
    await clock.advance(100);
    await drained;
    expect(health(inspector)).toMatchObject({ isLive: true, isReady: false, reasons: [{ value: 'closed' }] });
    createEventBus({ probe: inspector });
    expect(health(inspector)).toStrictEqual(WELL);
  });
});
