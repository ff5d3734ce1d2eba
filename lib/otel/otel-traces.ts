import { type TextMapPropagator, trace, type TracerProvider } from '@opentelemetry/api';
import { InvalidOptionError } from '../core/errors.ts';
import { expectFunction, expectOptions, show } from '../core/options.ts';
import type { Probe } from '../process/probe.ts';
import { Carrier } from './carrier.ts';
import { SCHEMA_URL, SCOPE } from './conventions.ts';
import { Sampling } from './sampling.ts';
import { TraceProbe } from './trace-probe.ts';

/** Options of {@link otelTraces}. */
export interface OtelTracesOptions {
  /** Makes the spans. @defaultValue the one that the SDK has registered, before or after */
  readonly tracerProvider?: TracerProvider;
  /** Writes contexts into headers, and reads them. Without any, `traceparent` and `tracestate` are carried. @defaultValue the one that the SDK has registered, before or after */
  readonly propagator?: TextMapPropagator;
  /**
   * How many of the events that begin a trace are followed, 0 to 1. Where the active span, or a `traceparent`, says already whether its trace is recorded, that counts. Of what is not
   * followed, the SDK and its sampler see nothing, and it costs next to nothing.
   * @defaultValue 1
   */
  readonly sampleRatio?: number;
  /** Chooses them: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
}

/**
 * A probe that makes OpenTelemetry spans, by its conventions for messaging, version 1.45.0 (in development): of each event that is published, a `PRODUCER` span, a child of the active one;
 * of each handling, from its first attempt to its end, a `CONSUMER` span, a child of that, with its attempts as span events. Handlers run inside their span, so that what they call and emit
 * hangs below it.
 *
 * Contexts travel in the headers of messages: through brokers, stores and outboxes, and into dead letters. An event that is redriven goes on in its trace, with a link to the handling that had failed. A
 * batch has one span, with a link to each event; it is part of their trace, if they have one in common.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { otelTraces } from 'millrace/otel';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());
 * const bus = createEventBus({ name: 'orders', probe: otelTraces({ sampleRatio: 0.01 }) });
 * bus.on(OrderPlaced, ({ data }) => console.log(data.id), { name: 'print' });
 * bus.emit(OrderPlaced, { id: 'o1' }); // spans 'publish order.placed' and 'process order.placed'
 * ```
 */
export function otelTraces(options: OtelTracesOptions = {}): Probe {
  const {
    tracerProvider = trace.getTracerProvider(),
    propagator,
    sampleRatio = 1,
    random = Math.random,
  } = expectOptions('options', options);
  expectFunction('random', random);
  return new TraceProbe({
    tracer: expectOptions('tracerProvider', tracerProvider).getTracer(SCOPE, undefined, { schemaUrl: SCHEMA_URL }),
    carrier: new Carrier(expectOptions('propagator', propagator)),
    sampling: new Sampling(expectRatio(sampleRatio), random),
    random,
  });
}

function expectRatio(ratio: number): number {
  if (typeof ratio === 'number' && ratio >= 0 && ratio <= 1) return ratio;
  throw new InvalidOptionError(`Expected sampleRatio to be a number from 0 to 1, got ${show(ratio)}.`);
}
