import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ExportResultCode } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Probe } from 'millrace';
import { otelMetrics, otelTraces } from 'millrace/otel';

/** Metrics as a program has them: collected every second, whatever happens. */
export function metrics(): Probe {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000 });
  return otelMetrics({ meterProvider: new MeterProvider({ readers: [reader] }) });
}

/** Spans of some of the events, with handlers in their context. */
export function traces(sampleRatio: number): () => Probe {
  manageContexts();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(nowhere)] });
  return () => otelTraces({ tracerProvider, sampleRatio });
}

/** No probe, in a program whose SDK has made one context active, once. */
export function contextEntered(): () => [] {
  manageContexts();
  context.with(ROOT_CONTEXT.setValue(createContextKey('entered'), true), () => {});
  return () => [];
}

function manageContexts(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

const nowhere: SpanExporter = {
  export: (_spans, done) => done({ code: ExportResultCode.SUCCESS }),
  shutdown: async () => {},
};
