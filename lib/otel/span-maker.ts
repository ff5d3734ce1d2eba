import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { HandlerPart, Handling } from '../process/probe.ts';
import type { Carrier } from './carrier.ts';
import { BATCH_SIZE, CONVERSATION_ID, MESSAGE_ID } from './conventions.ts';
import { HandlingSpan } from './handling-span.ts';
import { REDRIVEN, WAIT } from './own-names.ts';
import { headersOf } from './sampling.ts';
import { processNames, type SpanNames } from './span-names.ts';

/** A handling whose span is to be made. */
export interface Unspanned {
  readonly handling: Handling;
  /** What was active when an item without headers was offered. */
  readonly context: Context | undefined;
  /** Milliseconds in the waiting room. */
  readonly waitedMs: number;
}

/** Starts the spans of one handler. */
export class SpanMaker {
  readonly #tracer: Tracer;
  readonly #carrier: Carrier;
  readonly #names: (type: string | undefined) => SpanNames;

  constructor(part: HandlerPart, tracer: Tracer, carrier: Carrier) {
    this.#tracer = tracer;
    this.#carrier = carrier;
    this.#names = processNames(part);
  }

  /** The message's context is the parent, as there is one message only; that of a handling that has failed before is a link. */
  ofOne(unspanned: Unspanned): HandlingSpan {
    const { event, origin } = unspanned.handling;
    const failed = this.#failedBefore(unspanned);
    const parent = this.#parentOf(unspanned) ?? failed[0] ?? ROOT_CONTEXT;
    const { name, attributes } = this.#names(typeOf(event));
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes, links: linksTo(failed) }, parent);
    if (span.isRecording()) {
      const conversation = headersOf(event)?.correlationId;
      const id = idOf(event);
      if (id !== undefined) span.setAttribute(MESSAGE_ID, id);
      if (conversation !== undefined) span.setAttribute(CONVERSATION_ID, conversation);
      if (origin !== undefined) span.setAttribute(REDRIVEN, origin.redriven + 1);
      span.setAttribute(WAIT, unspanned.waitedMs / 1_000);
    }
    return new HandlingSpan(span, trace.setSpan(parent, span), 1);
  }

  /**
   * One for those of a batch that are followed, with a link to the context of each.
   *
   * @param all - the events of the batch, those that are not followed included
   */
  ofBatch(followed: readonly Unspanned[], all: readonly unknown[]): HandlingSpan {
    const contexts = followed.map((each) => this.#parentOf(each) ?? ROOT_CONTEXT);
    const attributes = followed.map(({ handling }) => messageAttributes(handling));
    const links = [...linksTo(contexts, attributes), ...linksTo(followed.flatMap((each) => this.#failedBefore(each)))];
    const types = new Set(all.map(typeOf));
    const { name, attributes: common } = this.#names(types.size === 1 ? [...types][0] : undefined);
    const parent = commonParent(contexts);
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes: common, links }, parent);
    if (span.isRecording()) {
      span.setAttribute(BATCH_SIZE, all.length);
      span.setAttribute(WAIT, Math.max(...followed.map(({ waitedMs }) => waitedMs)) / 1_000);
    }
    return new HandlingSpan(span, trace.setSpan(parent, span), followed.length);
  }

  #parentOf({ handling: { event }, context }: Unspanned): Context | undefined {
    const headers = headersOf(event);
    return headers?.traceparent === undefined ? context : this.#carrier.contextOf(headers);
  }

  #failedBefore({ handling: { origin } }: Unspanned): readonly Context[] {
    return origin?.headers === undefined ? [] : [this.#carrier.contextOf(origin.headers)];
  }
}

/** The first message's context, if all are of one trace; else there is none, and the links say it all. */
function commonParent(contexts: readonly Context[]): Context {
  const traces = new Set(contexts.map((context) => trace.getSpanContext(context)?.traceId));
  return traces.size === 1 ? contexts[0]! : ROOT_CONTEXT;
}

function linksTo(contexts: readonly Context[], attributes: readonly Attributes[] = []): Link[] {
  return contexts.flatMap((context, index) => {
    const span = trace.getSpanContext(context);
    return span === undefined ? [] : [{ context: span, attributes: attributes[index] ?? {} }];
  });
}

function messageAttributes({ event }: Handling): Attributes {
  const id = idOf(event);
  return id === undefined ? {} : { [MESSAGE_ID]: id };
}

/** Of an event; an item of a processor has none. */
function idOf(event: unknown): string | undefined {
  const id: unknown = headersOf(event) === undefined ? undefined : (event as { readonly id?: unknown }).id;
  return typeof id === 'string' ? id : undefined;
}

function typeOf(event: unknown): string | undefined {
  const type: unknown = headersOf(event) === undefined ? undefined : (event as { readonly type?: unknown }).type;
  return typeof type === 'string' ? type : undefined;
}
