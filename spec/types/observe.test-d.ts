import {
  createBrokeredBus,
  createChannel,
  createEventBus,
  createInspector,
  createProcessor,
  type DeadLetterStats,
  type Health,
  health,
  type HealthReason,
  type HandlerSnapshot,
  type Inspector,
  type InspectorSnapshot,
  memoryBroker,
  type Percentiles,
  type Probe,
  toMermaid,
} from 'millrace';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

const inspector = createInspector();

describe('createInspector', () => {
  it('makes a probe for whatever takes one, alone or among others', () => {
    expectTypeOf(inspector).toEqualTypeOf<Inspector>();
    expectTypeOf<Inspector>().toExtend<Probe>();
    createEventBus({ probe: inspector });
    createChannel({ probe: [inspector, {}] });
    createProcessor(() => undefined, { probe: inspector });
    createBrokeredBus(memoryBroker(), { group: 'billing', probe: inspector });
  });

  it('knows its options', () => {
    createInspector({ random: () => 0.5 });
    // @ts-expect-error no such option
    createInspector({ everyMs: 5 });
    // @ts-expect-error a scheduler, not the time
    createInspector({ scheduler: Date.now });
  });

  it('has snapshots, now and again', () => {
    expectTypeOf(inspector.snapshot()).toEqualTypeOf<InspectorSnapshot>();
    expectTypeOf(inspector.watch()).toEqualTypeOf<Observable<InspectorSnapshot>>();
    inspector.watch({ everyMs: 5_000 });
    // @ts-expect-error milliseconds
    inspector.watch({ everyMs: '5s' });
  });
});

describe('a snapshot', () => {
  it('is data that nobody changes', () => {
    const snapshot = inspector.snapshot();
    expectTypeOf(snapshot.buses[0]!.handlers[0]!).toEqualTypeOf<HandlerSnapshot>();
    expectTypeOf(snapshot.processors[0]!.handlingMs).toEqualTypeOf<Percentiles>();
    expectTypeOf(snapshot.buses[0]!.deadLetters).toEqualTypeOf<DeadLetterStats>();
    expectTypeOf(snapshot.channels[0]!.capacity).toEqualTypeOf<number | undefined>();
    expectTypeOf(snapshot.projections[0]!.state).toEqualTypeOf<
      'catching-up' | 'closed' | 'live' | 'standby' | 'stopped'
    >();
    // @ts-expect-error read only
    snapshot.totals.handled = 5;
    // @ts-expect-error read only
    snapshot.buses[0]!.handlers.length = 0;
  });

  it('is what is drawn, by itself or from JSON', () => {
    expectTypeOf(toMermaid(inspector.snapshot())).toEqualTypeOf<string>();
    // @ts-expect-error a snapshot, not the inspector
    toMermaid(inspector);
  });
});

describe('health', () => {
  it('is of an inspector, by rules', () => {
    expectTypeOf(health(inspector)).toEqualTypeOf<Health>();
    expectTypeOf(health(inspector).reasons).toEqualTypeOf<readonly HealthReason[]>();
    health(inspector, {
      stuck: { afterMs: 60_000, severity: 'ready' },
      full: false,
      lagging: { maxLag: 10 },
      circuit: {},
    });
    // @ts-expect-error it is on, unless it is false
    health(inspector, { stuck: true });
    // @ts-expect-error no such rule
    health(inspector, { dead: { maxPerMinute: 5 } });
    // @ts-expect-error no such limit
    health(inspector, { full: { afterMs: 5 } });
    // @ts-expect-error no such severity
    health(inspector, { full: { severity: 'fatal' } });
  });
});
