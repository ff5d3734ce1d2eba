import { MillraceError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { PublishReceipt } from '../broker/broker-message.ts';
import { textOf } from './failures.ts';
import type { Link, LinkUser } from './link.ts';
import type { Outbound } from './outbound.ts';
import type { PublishCall } from '../broker/publish-call.ts';
import { PublishCalls, type PublishLimits } from '../broker/publish-calls.ts';

/** How many messages one question to the server is for, at most. */
const MOST_TOGETHER = 512;

/** A message of a call. */
interface Parcel {
  readonly message: Outbound;
  readonly call: PublishCall;
  readonly index: number;
}

/** Publishes on core NATS. The server has what was sent before a question that it answers; what was sent when the connection was lost is never sent again. */
export class CorePublisher implements LinkUser {
  readonly #link: Link;
  readonly #calls: PublishCalls;
  readonly #waiting = new RingBuffer<Parcel>();
  #isSending = false;

  constructor(link: Link, limits: PublishLimits) {
    this.#link = link;
    this.#calls = new PublishCalls('NATS', limits);
    link.attach(this);
  }

  /** Messages that are not confirmed yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** @returns when the server has all of them */
  publish(messages: readonly Outbound[], signal?: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (messages.length === 0) return Promise.resolve([]);
    if (this.#link.error !== undefined) return Promise.reject(this.#link.error);
    return this.#calls.open(messages.length, signal, (call) => {
      for (const [index, message] of messages.entries()) this.#waiting.push({ message, call, index });
      // Calls of the same turn share a question.
      queueMicrotask(() => this.#pump());
    });
  }

  reconnected(): void {
    this.#pump();
  }

  severed(error: Error): void {
    this.#calls.failAll(error);
  }

  async close(): Promise<void> {
    this.#pump();
    await this.#calls.close(this.#link.isConnected);
    this.#link.detach(this);
  }

  #pump(): void {
    if (this.#isSending || !this.#link.isConnected || this.#waiting.size === 0) return;
    this.#isSending = true;
    const sent = this.#send();
    // In the same turn: a question on the next connection would be answered, too.
    this.#confirm(sent, this.#link.client.flush())
      .finally(() => {
        this.#isSending = false;
        this.#pump();
      })
      .catch(() => undefined);
  }

  #send(): readonly Parcel[] {
    const sent: Parcel[] = [];
    while (sent.length < MOST_TOGETHER) {
      const parcel = this.#waiting.shift();
      if (parcel === undefined) break;
      const { call, message } = parcel;
      if (call.isOver) continue;
      const { subject, body, headers } = message;
      call.isSent = true;
      this.#link.client.publish(subject, body, { headers });
      sent.push(parcel);
    }
    return sent;
  }

  async #confirm(sent: readonly Parcel[], flushed: Promise<void>): Promise<void> {
    try {
      await flushed;
      for (const { message, call, index } of sent) call.confirm(index, { id: message.id, isDuplicate: false });
    } catch (error) {
      for (const { message, call } of sent) call.fail(unknown(message.id, error));
    }
  }
}

function unknown(id: string, cause: unknown): MillraceError {
  return new MillraceError(
    'OUTCOME_UNKNOWN',
    `Expected NATS to take message '${id}', got: ${textOf(cause)}. It may have, or not: publish it again if it may come twice.`,
    { cause },
  );
}
