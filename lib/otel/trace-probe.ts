import { context, type Context, SpanKind, trace, TraceFlags, type Tracer } from '@opentelemetry/api';
import type { EventMessage, MessageHeaders } from '../core/message.ts';
import type { DropReason, Settlement } from '../core/outcome.ts';
import type { Attachment, HandlerPart, Handling, Part, Probe, Retry } from '../process/probe.ts';
import type { Carrier } from './carrier.ts';
import { CONVERSATION_ID, MESSAGE_ID } from './conventions.ts';
import { HandlerTraces } from './handler-traces.ts';
import { leavesProcess, type Sampling, spanOf } from './sampling.ts';
import { SentSpans } from './sent-spans.ts';
import { sendNames, type SpanNames } from './span-names.ts';
import { isSampled, unsampledTraceparent } from './traceparent.ts';

/** What the probe is made of. */
export interface TraceProbeOptions {
  readonly tracer: Tracer;
  readonly carrier: Carrier;
  readonly sampling: Sampling;
  readonly random: () => number;
}

/** A bus or a repository. */
interface Sender {
  readonly part: Part;
  readonly names: (type: string) => SpanNames;
  /** Whether others are to be told that an event is not followed. In process, none is. */
  readonly tellsAll: boolean;
}

/** Makes spans of what it is told. */
export class TraceProbe implements Probe {
  readonly #options: TraceProbeOptions;
  readonly #sent = new SentSpans();
  readonly #senders = new WeakMap<Part, Sender>();
  /** Mostly, it is the same one again. */
  #lastSender: Sender | undefined;
  readonly #handlers = new WeakMap<Part, HandlerTraces>();

  constructor(options: TraceProbeOptions) {
    this.#options = options;
  }

  attached(part: Part): Attachment {
    if (!isHandler(part)) return { detached: () => this.#sent.endOf(part) };
    const { tracer, carrier, sampling } = this.#options;
    const traces = new HandlerTraces(part, tracer, carrier, sampling);
    this.#handlers.set(part, traces);
    return traces;
  }

  // ---- Messages ----

  publishing(message: EventMessage, by: Part): MessageHeaders | undefined {
    const { traceparent, causationId } = message.headers;
    const isDecided = traceparent !== undefined;
    // A handler has sent it whose own event is not followed; what is active now may be another one's.
    if (causationId !== undefined && !(isDecided && isSampled(traceparent))) return undefined;
    const { carrier, sampling, random } = this.#options;
    const active = context.active();
    const around = spanOf(active);
    if (around !== undefined) {
      const isFollowed = (around.traceFlags & TraceFlags.SAMPLED) !== 0;
      return isFollowed ? this.#send(message, by, active) : carrier.headersOf(active);
    }
    if (isDecided) {
      return isSampled(traceparent) ? this.#send(message, by, carrier.contextOf(message.headers)) : undefined;
    }
    if (sampling.takesRoot()) return this.#send(message, by, active);
    return this.#senderOf(by).tellsAll ? { traceparent: unsampledTraceparent(random) } : undefined;
  }

  published(message: EventMessage, error?: unknown): void {
    if (this.#sent.isEmpty) return;
    const { traceparent } = message.headers;
    if (traceparent !== undefined && isSampled(traceparent)) this.#sent.end(message.id, error);
  }

  // ---- Handlings ----

  accepted(handling: Handling): void {
    this.#tracesOf(handling)?.accepted(handling);
  }

  started(handling: Handling): void {
    this.#tracesOf(handling)?.started(handling);
  }

  around<Result>(handling: Handling, call: () => Result): Result {
    const itsContext = this.#tracesOf(handling)?.contextOf(handling);
    return itsContext === undefined ? call() : context.with(itsContext, call);
  }

  retried(handling: Handling, retry: Retry): void {
    this.#tracesOf(handling)?.retried(handling, retry);
  }

  burying(handling: Handling): MessageHeaders | undefined {
    return this.#tracesOf(handling)?.burying(handling);
  }

  settled(handling: Handling, settlement: Settlement): void {
    this.#tracesOf(handling)?.settled(handling, settlement);
  }

  dropped(handling: Handling, reason: DropReason): void {
    this.#tracesOf(handling)?.dropped(handling, reason);
  }

  #tracesOf({ part }: Handling): HandlerTraces | undefined {
    return this.#handlers.get(part);
  }

  /** Starts the span of a message, and puts it into its headers. */
  #send(message: EventMessage, by: Part, parent: Context): MessageHeaders {
    const { tracer, carrier } = this.#options;
    const { name, attributes } = this.#senderOf(by).names(message.type);
    const span = tracer.startSpan(name, { kind: SpanKind.PRODUCER, attributes }, parent);
    let isKept = false;
    try {
      const headers = carrier.headersOf(trace.setSpan(parent, span));
      // Others know by them that nobody records it.
      if (!span.isRecording()) return headers;
      const { correlationId } = message.headers;
      span.setAttribute(MESSAGE_ID, message.id);
      if (correlationId !== undefined) span.setAttribute(CONVERSATION_ID, correlationId);
      this.#sent.add(message.id, span, by);
      isKept = true;
      return headers;
    } finally {
      if (!isKept) span.end();
    }
  }

  #senderOf(part: Part): Sender {
    if (this.#lastSender?.part === part) return this.#lastSender;
    const sender = this.#senders.get(part) ?? { part, names: sendNames(part), tellsAll: leavesProcess(part) };
    this.#senders.set(part, sender);
    return (this.#lastSender = sender);
  }
}

function isHandler(part: Part): part is HandlerPart {
  return part.kind === 'handler';
}
