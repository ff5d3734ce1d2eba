import type { Context, Tracer } from '@opentelemetry/api';
import type { MessageHeaders } from '../core/message.ts';
import type { DropReason, Settlement } from '../core/outcome.ts';
import type { Attachment, HandlerPart, Handling, Retry } from '../process/probe.ts';
import type { Carrier } from './carrier.ts';
import type { HandlingSpan } from './handling-span.ts';
import { ItemContexts, type Sampling } from './sampling.ts';
import { SpanMaker, type Unspanned } from './span-maker.ts';

/** A copy that is followed. Its span begins with its first attempt. */
class Followed implements Unspanned {
  readonly handling: Handling;
  readonly context: Context | undefined;
  span: HandlingSpan | undefined;
  readonly #acceptedAt = performance.now();
  #startedAt: number | undefined;

  constructor(handling: Handling, context: Context | undefined) {
    this.handling = handling;
    this.context = context;
  }

  get waitedMs(): number {
    return (this.#startedAt ?? performance.now()) - this.#acceptedAt;
  }

  start(): void {
    this.#startedAt ??= performance.now();
  }
}

/** The spans of one handler. */
export class HandlerTraces implements Attachment {
  readonly samples: (item: unknown) => boolean;
  readonly #part: HandlerPart;
  readonly #carrier: Carrier;
  readonly #spans: SpanMaker;
  readonly #contexts = new ItemContexts();
  readonly #followed = new Map<Handling, Followed>();

  constructor(part: HandlerPart, tracer: Tracer, carrier: Carrier, sampling: Sampling) {
    this.#part = part;
    this.#carrier = carrier;
    this.#spans = new SpanMaker(part, tracer, carrier);
    this.samples = sampling.chooserOf(part, this.#contexts);
  }

  accepted(handling: Handling): void {
    this.#followed.set(handling, new Followed(handling, this.#contexts.take(handling.event)));
  }

  started(handling: Handling): void {
    const followed = this.#followed.get(handling);
    followed?.start();
    followed?.span?.attempt(handling.attempts);
  }

  /** Where its handler is to be run. */
  contextOf(handling: Handling): Context | undefined {
    const { members, attempts } = handling;
    const span = members === undefined ? this.#spanOf(handling) : this.#batchSpan(members);
    span?.attempt(attempts);
    return span?.context;
  }

  retried(handling: Handling, retry: Retry): void {
    this.#followed.get(handling)?.span?.retry(handling.attempts, retry);
  }

  /** What its letter is to keep. */
  burying(handling: Handling): MessageHeaders | undefined {
    const span = this.#spanOf(handling);
    return span === undefined ? undefined : this.#carrier.headersOf(span.context);
  }

  settled(handling: Handling, settlement: Settlement): void {
    this.#end(handling)?.settled(settlement);
  }

  dropped(handling: Handling, reason: DropReason): void {
    this.#end(handling)?.dropped(reason, handling.attempts);
  }

  detached(): void {
    // Of a part that has closed, it is still told of what waits for its letter to be stored.
    if (this.#part.stats().state === 'closed') return;
    for (const { span } of this.#followed.values()) span?.leave();
    this.#followed.clear();
  }

  /** Forgets it before anything can fail. What has ended without an attempt has a span, too. */
  #end(handling: Handling): HandlingSpan | undefined {
    const followed = this.#followed.get(handling);
    this.#followed.delete(handling);
    return followed === undefined ? undefined : this.#begun(followed);
  }

  #spanOf(handling: Handling): HandlingSpan | undefined {
    const followed = this.#followed.get(handling);
    return followed === undefined ? undefined : this.#begun(followed);
  }

  #begun(followed: Followed): HandlingSpan {
    return (followed.span ??= this.#spans.ofOne(followed));
  }

  #batchSpan(members: readonly Handling[]): HandlingSpan | undefined {
    const followed = members.map((member) => this.#followed.get(member)).filter((member) => member !== undefined);
    if (followed.length === 0) return undefined;
    const span =
      followed[0]!.span ??
      this.#spans.ofBatch(
        followed,
        members.map(({ event }) => event),
      );
    for (const member of followed) member.span = span;
    return span;
  }
}
