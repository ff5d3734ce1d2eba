import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { otelTraces, type OtelTracesOptions } from 'millrace/otel';
import type { Probe } from 'millrace';
import { expect } from 'vitest';
import { expectAttributes, SPANS, VERSION } from './conventions.ts';

/** The real SDK, whose spans stay in memory. */
export interface Recorder {
  readonly provider: BasicTracerProvider;
  /** A probe that makes them. */
  readonly probe: Probe;
  /** The spans that have ended, in the order in which they began. */
  readonly spans: () => readonly ReadableSpan[];
  /** Spans that have not ended. */
  readonly open: () => readonly string[];
}

/** As an SDK does it for a whole process. */
export function registerContexts(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
}

/** Undoes it. */
export function disableContexts(): void {
  context.disable();
  propagation.disable();
}

/** Records what a probe with these options makes. */
export function recordSpans(options: OtelTracesOptions = {}, sampler?: Sampler): Recorder {
  const exporter = new InMemorySpanExporter();
  const started: (ReadableSpan & Span)[] = [];
  const noting: SpanProcessor = {
    onStart: (span) => void started.push(span),
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const provider = new BasicTracerProvider({
    spanProcessors: [noting, new SimpleSpanProcessor(exporter)],
    ...(sampler !== undefined && { sampler }),
  });
  return {
    provider,
    probe: otelTraces({ tracerProvider: provider, ...options }),
    spans: () => {
      const order = started.map((span) => span.spanContext().spanId);
      const place = (span: ReadableSpan): number => order.indexOf(span.spanContext().spanId);
      return exporter.getFinishedSpans().toSorted((one, other) => place(one) - place(other));
    },
    open: () => started.filter(({ ended }) => !ended).map(({ name }) => name),
  };
}

/** Runs something within a span of the user's own. */
export function within<Result>(recorder: Recorder, name: string, work: () => Result): Result {
  return recorder.provider.getTracer('user').startActiveSpan(name, {}, ROOT_CONTEXT, (span) => {
    try {
      return work();
    } finally {
      span.end();
    }
  });
}

/** Spans as a tree, a line each: kind, name, status, and whether it has links. */
export function drawTree(spans: readonly ReadableSpan[]): readonly string[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const parentOf = ({ parentSpanContext: its }: ReadableSpan): string | undefined =>
    its !== undefined && ids.has(its.spanId) ? its.spanId : undefined;
  const below = (parent: string | undefined, indent: string): readonly string[] =>
    spans
      .filter((span) => parentOf(span) === parent)
      .flatMap((span) => [indent + describeSpan(span)].concat(below(span.spanContext().spanId, `${indent}  `)));
  return below(undefined, '');
}

function describeSpan({ kind, name, status, links, attributes }: ReadableSpan): string {
  const handler = attributes['messaging.destination.subscription.name'];
  const by = handler === undefined ? '' : ` by ${String(handler)}`;
  const failed = status.code === SpanStatusCode.ERROR ? ` ERROR ${String(attributes['error.type'])}` : '';
  const linked = links.length === 0 ? '' : ` (${links.length} ${links.length === 1 ? 'link' : 'links'})`;
  return `${SpanKind[kind]} ${name}${by}${failed}${linked}`;
}

/** Checks spans of the probe against the table of the conventions. */
export function expectConventions(spans: readonly ReadableSpan[]): void {
  for (const { attributes, kind, name, status, instrumentationScope } of spans) {
    if (instrumentationScope.name !== 'millrace') continue;
    expect(instrumentationScope.schemaUrl).toBe(`https://opentelemetry.io/schemas/${VERSION}`);
    const convention = SPANS[String(attributes['messaging.operation.type'])]!;
    expect(SpanKind[kind]).toBe(convention.kind);
    const destination = attributes['messaging.destination.name'];
    const operation = String(attributes['messaging.operation.name']);
    expect(name).toBe(destination === undefined ? operation : `${operation} ${String(destination)}`);
    expectAttributes(attributes, convention.attributes);
    expect(attributes['error.type'] !== undefined).toBe(status.code === SpanStatusCode.ERROR);
  }
}
