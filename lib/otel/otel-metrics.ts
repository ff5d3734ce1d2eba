import type { MeterProvider } from '@opentelemetry/api';
import { expectOptions } from '../core/options.ts';
import type { Probe } from '../process/probe.ts';
import { MetricProbe } from './metric-probe.ts';

/** Options of {@link otelMetrics}. */
export interface OtelMetricsOptions {
  /** Keeps the metrics. @defaultValue the one that the SDK has registered when the first part is watched */
  readonly meterProvider?: MeterProvider;
}

/**
 * A probe that makes OpenTelemetry metrics: by its conventions for messaging, version 1.45.0 (in development), where they have a name, and `millrace.*` for the rest.
 *
 * Counts are exact, and cost nothing per event: they are read of each part's stats when they are collected, and stay when the part is gone. Durations are histograms of all events up to about
 * 1,000 a second and handler (and 250 at once), and of about 1,000 a second above that: their shapes are to be looked at, not their counts.
 *
 * Attributes are few, and none is an id, a key or a message: handler, bus, channel, projection, event type, outcome, reason, and the class of an error. Beyond 50 classes of errors, 200 event types
 * and 500 names, all others are one, `_OTHER`; handlers without a name of their own are one for each source.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus } from 'millrace';
 * import { otelMetrics, otelTraces } from 'millrace/otel';
 *
 * const bus = createEventBus({ name: 'orders', probe: [otelMetrics(), otelTraces({ sampleRatio: 0.01 })] });
 * ```
 */
export function otelMetrics(options: OtelMetricsOptions = {}): Probe {
  const { meterProvider } = expectOptions('options', options);
  return new MetricProbe(expectOptions('meterProvider', meterProvider));
}
