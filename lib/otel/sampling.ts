import {
  context,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import type { EventMessage, MessageHeaders } from '../core/message.ts';
import type { HandlerPart, Part } from '../process/probe.ts';
import { isSampled } from './traceparent.ts';

/** Decides which events are followed. As most are not, where few are, that costs next to nothing: no id is made, and nothing allocated. */
export class Sampling {
  readonly #ratio: number;
  readonly #random: () => number;

  constructor(ratio: number, random: () => number) {
    this.#ratio = ratio;
    this.#random = random;
  }

  /** Whether a trace begins with an event that follows from nothing. */
  takesRoot(): boolean {
    return this.#ratio === 1 || (this.#ratio > 0 && this.#random() < this.#ratio);
  }

  /** Whether an event is followed, as its headers say; if they say nothing, it is a root, unless another event has led to it: that one was not followed. */
  takes({ traceparent, causationId }: MessageHeaders): boolean {
    if (traceparent !== undefined) return isSampled(traceparent);
    return causationId === undefined && this.takesRoot();
  }

  /** How a handler's copies are chosen. */
  chooserOf(part: HandlerPart, contexts: ItemContexts): (item: unknown) => boolean {
    const { owner } = part;
    if (owner?.kind === 'bus' && !leavesProcess(owner)) return isFollowedAlready;
    return (item) => {
      const headers = headersOf(item);
      if (headers !== undefined) return this.takes(headers);
      // A channel's item is taken by whoever has time for it: what is active then has nothing to do with it.
      const active = owner === undefined ? activeSpan() : undefined;
      if (active === undefined) return this.takesRoot();
      if ((active.traceFlags & TraceFlags.SAMPLED) === 0) return false;
      contexts.keep(item, context.active());
      return true;
    };
  }
}

/** Whether what it sends goes to other processes, or may be read by them one day. */
export function leavesProcess(part: Part): boolean {
  return part.kind !== 'bus' || 'broker' in part.stats();
}

/** The active span, if there is one. */
function activeSpan(): SpanContext | undefined {
  return spanOf(context.active());
}

/** The span of a context, if there is one. */
export function spanOf(its: Context): SpanContext | undefined {
  if (its === ROOT_CONTEXT) return undefined;
  const span = trace.getSpanContext(its);
  return span !== undefined && isSpanContextValid(span) ? span : undefined;
}

/** The headers of what is a message, or a recorded event. */
export function headersOf(item: unknown): MessageHeaders | undefined {
  if (typeof item !== 'object' || item === null || !('headers' in item)) return undefined;
  const { headers } = item;
  return typeof headers === 'object' && headers !== null ? (headers as MessageHeaders) : undefined;
}

/** Which contexts were active when items without headers were offered, until they are accepted: which may be later, and elsewhere. */
export class ItemContexts {
  readonly #ofObjects = new WeakMap<object, Context>();
  #last: { readonly item: unknown; readonly context: Context } | undefined;

  keep(item: unknown, itsContext: Context): void {
    if (typeof item === 'object' && item !== null) this.#ofObjects.set(item, itsContext);
    else this.#last = { item, context: itsContext };
  }

  /** Of texts and numbers, only the last one is known: one that waits for room before it is accepted begins a trace of its own. */
  take(item: unknown): Context | undefined {
    if (typeof item === 'object' && item !== null) return this.#ofObjects.get(item);
    const last = this.#last;
    this.#last = undefined;
    return last?.item === item ? last?.context : undefined;
  }
}

/** In process, whoever sent an event has decided, and has said so. */
function isFollowedAlready(message: unknown): boolean {
  const { traceparent } = (message as EventMessage).headers;
  return traceparent !== undefined && isSampled(traceparent);
}
