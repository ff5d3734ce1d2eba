import { type Context, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { DropReason, Settlement } from '../core/outcome.ts';
import type { Retry } from '../process/probe.ts';
import { ERROR_TYPE, EXCEPTION_MESSAGE } from './conventions.ts';
import { errorMessage, errorType, exceptionOf } from './error-texts.ts';
import {
  ATTEMPT,
  ATTEMPT_FAILED,
  ATTEMPT_STARTED,
  ATTEMPTS,
  DEAD_LETTER_ID,
  OUTCOME,
  REASON,
  RETRY_DELAY,
} from './own-names.ts';

/** The span of one handling, or of several that are handled together: it ends with the last of them. */
export class HandlingSpan {
  /** What its handler runs in. */
  readonly context: Context;
  readonly #span: Span;
  /** How many handlings have not ended. */
  #open: number;
  #attempt = 0;
  #failed = 0;
  #isDead = false;

  constructor(span: Span, context: Context, handlings: number) {
    this.#span = span;
    this.context = context;
    this.#open = handlings;
  }

  /** An attempt starts. Of a batch, each handling says so. */
  attempt(attempt: number): void {
    if (attempt <= this.#attempt) return;
    this.#attempt = attempt;
    if (this.#span.isRecording()) this.#span.addEvent(ATTEMPT_STARTED, { [ATTEMPT]: attempt });
  }

  /** It has failed, and there will be another. */
  retry(attempt: number, { error, delayMs }: Retry): void {
    if (attempt <= this.#failed) return;
    this.#failed = attempt;
    if (!this.#span.isRecording()) return;
    this.#span.addEvent(ATTEMPT_FAILED, {
      [ATTEMPT]: attempt,
      [ERROR_TYPE]: errorType(error),
      [EXCEPTION_MESSAGE]: errorMessage(error),
      [RETRY_DELAY]: delayMs / 1_000,
    });
  }

  /** A handling has ended by itself. */
  settled({ outcome, attempts, reason, error, deadLetterId }: Settlement): void {
    if (this.#span.isRecording()) {
      this.#span.setAttribute(OUTCOME, outcome).setAttribute(ATTEMPTS, attempts);
      if (outcome === 'dead') this.#fail(reason, error, deadLetterId);
    }
    this.leave();
  }

  /** A policy has ended it. */
  dropped(reason: DropReason, attempts: number): void {
    if (this.#span.isRecording()) {
      this.#span.setAttribute(OUTCOME, 'dropped').setAttribute(REASON, reason).setAttribute(ATTEMPTS, attempts);
    }
    this.leave();
  }

  /** Nobody will be told how it ends. */
  leave(): void {
    if (--this.#open === 0) this.#span.end();
  }

  #fail(reason: Settlement['reason'], error: unknown, deadLetterId: string | undefined): void {
    if (reason !== undefined) this.#span.setAttribute(REASON, reason);
    if (this.#isDead) return;
    this.#isDead = true;
    if (deadLetterId !== undefined) this.#span.setAttribute(DEAD_LETTER_ID, deadLetterId);
    recordFailure(this.#span, error);
  }
}

/** What the conventions ask of an operation that has failed. */
export function recordFailure(span: Span, error: unknown): void {
  const message = errorMessage(error);
  span.recordException(exceptionOf(error));
  span.setAttribute(ERROR_TYPE, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
