import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import type { MessageHeaders } from '../core/message.ts';
import { readTraceparent, traceparentOf } from './traceparent.ts';

/**
 * Carries contexts in message headers: as the propagator says, and in `traceparent` in any case, since the library itself hands that on from cause to effect.
 */
export class Carrier {
  readonly #propagator: TextMapPropagator | undefined;

  constructor(propagator: TextMapPropagator | undefined) {
    this.#propagator = propagator;
  }

  /** The headers of a context. */
  headersOf(context: Context): MessageHeaders {
    const headers: Record<string, string> = {};
    // The global one is asked for each time: it may be registered after this was made.
    (this.#propagator ?? propagation).inject(context, headers, defaultTextMapSetter);
    const span = trace.getSpanContext(context);
    if (span !== undefined && headers['traceparent'] === undefined) {
      headers['traceparent'] = traceparentOf(span);
      if (span.traceState !== undefined) headers['tracestate'] = span.traceState.serialize();
    }
    return headers;
  }

  /** The context of headers. */
  contextOf(headers: MessageHeaders): Context {
    const context = (this.#propagator ?? propagation).extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const { traceparent } = headers;
    if (traceparent === undefined || trace.getSpanContext(context) !== undefined) return context;
    const span = readTraceparent(traceparent);
    return span === undefined ? context : trace.setSpanContext(context, span);
  }
}
