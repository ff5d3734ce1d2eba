import type {
  MeterProvider,
  MetricOptions,
  Observable,
  ObservableCounter,
  ObservableGauge,
  Histogram,
  Meter,
} from '@opentelemetry/api';
import { SCHEMA_URL, SCOPE } from './conventions.ts';
import type { MeasuredName, ObservedName } from './metric-names.ts';

/** Of a `counter`, only sums that never fall; of an `upDownCounter`, what is there now, which may be summed; of a `gauge`, what may not. */
type ObservedKind = 'counter' | 'gauge' | 'upDownCounter';

/** What is read when it is asked for. */
const OBSERVED: Readonly<Record<ObservedName, readonly [kind: ObservedKind, unit: string, description: string]>> = {
  'messaging.client.sent.messages': ['counter', '{message}', 'Events that a bus has sent.'],
  'messaging.client.consumed.messages': [
    'counter',
    '{message}',
    'Copies of events that a handler was given, those that were redriven included.',
  ],
  'millrace.bus.invalid': ['counter', '{event}', 'Data from outside that a bus has refused.'],
  'millrace.refused': ['counter', '{event}', 'Dead letters of what no handler was given, by reason.'],
  'millrace.handler.handled': ['counter', '{event}', 'Copies that ended well.'],
  'millrace.handler.dead_letters': ['counter', '{event}', 'Copies that became dead letters.'],
  'millrace.handler.drops': [
    'counter',
    '{event}',
    'Copies that a policy has dropped, or that went back to their broker, by reason.',
  ],
  'millrace.handler.retries': ['counter', '{attempt}', 'Attempts after the first.'],
  'millrace.handler.rejections': [
    'counter',
    '{event}',
    'Events that were not taken, for want of room or because it was closed.',
  ],
  'millrace.handler.late_results': ['counter', '{result}', 'Results that came after the attempt was given up.'],
  'millrace.handler.running': ['upDownCounter', '{event}', 'Events in attempts in flight.'],
  'millrace.handler.waiting': ['upDownCounter', '{event}', 'Events in the waiting room.'],
  'millrace.handler.between_attempts': [
    'upDownCounter',
    '{event}',
    'Events that wait for their next attempt, or for their letter to be stored.',
  ],
  'millrace.handler.suspended': ['upDownCounter', '{producer}', 'Producers that wait for room.'],
  'millrace.handler.concurrency': ['upDownCounter', '{attempt}', 'Attempts that may be in flight.'],
  'millrace.handler.capacity': ['upDownCounter', '{event}', 'Events that may wait. None, where it has no bound.'],
  'millrace.handler.longest_running': ['gauge', 's', 'Since when the oldest attempt in flight runs.'],
  'millrace.handler.circuit': ['gauge', '1', '1 for the state that its circuit is in, 0 for the others.'],
  'millrace.channel.waiting': ['upDownCounter', '{item}', 'Items that wait for a consumer.'],
  'millrace.channel.suspended': ['upDownCounter', '{producer}', 'Producers that wait for room.'],
  'millrace.channel.capacity': ['upDownCounter', '{item}', 'Items that may wait. None, where it has no bound.'],
  'millrace.projection.lag': [
    'gauge',
    '{event}',
    'By how many positions of its store it is behind: at most so many events.',
  ],
  'millrace.projection.state': ['gauge', '1', '1 for the state that it is in, 0 for the others.'],
  'millrace.outgoing.waiting': [
    'upDownCounter',
    '{event}',
    'Events that were emitted, and the broker has not confirmed yet.',
  ],
  'millrace.outgoing.capacity': ['upDownCounter', '{event}', 'Events that may wait for the broker.'],
  'millrace.outgoing.drops': ['counter', '{event}', 'Events that were given up for want of room.'],
  'millrace.broker.connected': ['gauge', '1', '1 while the broker can be reached, else 0.'],
  'millrace.broker.reconnects': ['counter', '{connection}', 'How often its server was lost and reached again.'],
  'millrace.broker.lost_deliveries': ['counter', '{delivery}', 'Deliveries that were lost before they were settled.'],
};

/** What is measured of a few. */
const MEASURED: Readonly<Record<MeasuredName, string>> = {
  'messaging.client.operation.duration': 'From the publish of an event, or its append, to the confirmation.',
  'messaging.process.duration': 'From the first attempt of a handling to its end.',
  'millrace.handler.wait.duration': 'In the waiting room, until the first attempt.',
};

/** As the conventions have them. */
const BUCKETS_S: number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Whether what a part has counted must still be told of when the part is gone. */
export function isTotal(name: ObservedName): boolean {
  return OBSERVED[name][0] === 'counter';
}

/** Whether two values with the same attributes are to be summed. */
export function isSummed(name: ObservedName): boolean {
  return OBSERVED[name][0] !== 'gauge';
}

/** The instruments of one meter. */
export interface Instruments {
  readonly meter: Meter;
  readonly observed: Readonly<Record<ObservedName, Observable>>;
  readonly measured: Readonly<Record<MeasuredName, Histogram>>;
}

export function createInstruments(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(SCOPE, undefined, { schemaUrl: SCHEMA_URL });
  const observed = Object.entries(OBSERVED).map(([name, [kind, unit, description]]) => [
    name,
    observable(meter, kind, name, { unit, description }),
  ]);
  const advice = { explicitBucketBoundaries: BUCKETS_S };
  const measured = Object.entries(MEASURED).map(([name, description]) => [
    name,
    meter.createHistogram(name, { unit: 's', description, advice }),
  ]);
  return {
    meter,
    observed: Object.fromEntries(observed) as Instruments['observed'],
    measured: Object.fromEntries(measured) as Instruments['measured'],
  };
}

function observable(
  meter: Meter,
  kind: ObservedKind,
  name: string,
  options: MetricOptions,
): ObservableCounter | ObservableGauge {
  if (kind === 'counter') return meter.createObservableCounter(name, options);
  return kind === 'gauge'
    ? meter.createObservableGauge(name, options)
    : meter.createObservableUpDownCounter(name, options);
}
