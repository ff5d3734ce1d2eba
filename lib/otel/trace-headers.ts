import { context, type TextMapPropagator } from '@opentelemetry/api';
import type { MessageHeaders } from '../core/message.ts';
import { expectOptions } from '../core/options.ts';
import { Carrier } from './carrier.ts';

/** Options of {@link traceHeaders}. */
export interface TraceHeadersOptions {
  /** Writes them. @defaultValue the one that the SDK has registered; without any, `traceparent` and `tracestate` are written */
  readonly propagator?: TextMapPropagator;
}

/**
 * The headers of the active context: `traceparent`, and what else its propagator writes, such as `baggage`. For what is appended or sent past the probes, such as by `store.append`.
 *
 * @returns none, where no context is active
 *
 * @example
 * ```ts
 * import { memoryEventStore } from 'millrace';
 * import { traceHeaders } from 'millrace/otel';
 *
 * await using store = memoryEventStore();
 * await store.append('user-1', { type: 'user.signed_up', data: { userId: '1' }, headers: traceHeaders() });
 * ```
 */
export function traceHeaders(options: TraceHeadersOptions = {}): MessageHeaders {
  return new Carrier(expectOptions('options', options).propagator).headersOf(context.active());
}
