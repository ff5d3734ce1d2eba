/**
 * Spans and metrics for OpenTelemetry: `import { otelMetrics, otelTraces } from 'millrace/otel'`.
 *
 * @packageDocumentation
 */
export { otelMetrics, type OtelMetricsOptions } from './otel-metrics.ts';
export { otelTraces, type OtelTracesOptions } from './otel-traces.ts';
export { traceHeaders, type TraceHeadersOptions } from './trace-headers.ts';
