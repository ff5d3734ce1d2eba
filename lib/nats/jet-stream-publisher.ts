import type { Subscription } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { PublishReceipt } from '../broker/broker-message.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { isTemporary, readAnswer } from './jet-stream-api.ts';
import type { Link, LinkUser } from './link.ts';
import type { Correspondent, Mailbox } from './mailbox.ts';
import type { NatsMessage } from './nats-client.ts';
import type { Outbound } from './outbound.ts';
import type { PublishCall } from '../broker/publish-call.ts';
import { PublishCalls, type PublishLimits } from '../broker/publish-calls.ts';
import type { Stream } from './stream.ts';

/** How many messages may be in the air. */
const MOST_IN_AIR = 512;
/** Milliseconds before what the server could not take is sent again. */
const AGAIN_MS = 100;

/** What the server says of a message that it has stored. */
interface Stored {
  readonly seq: number;
  readonly duplicate?: boolean;
}

/** Publishes into a stream. What is not confirmed when the connection is lost is sent again, with the same id: the server keeps it once. */
export class JetStreamPublisher implements LinkUser {
  readonly #link: Link;
  readonly #mailbox: Mailbox;
  readonly #limits: PublishLimits;
  readonly #calls: PublishCalls;
  readonly #waiting = new RingBuffer<Parcel>();
  /** What is to be sent again, before the others. */
  readonly #again = new RingBuffer<Parcel>();
  readonly #stream: Stream;
  #inAir = 0;
  #isStanding = false;
  #pause: Subscription | undefined;

  constructor(link: Link, mailbox: Mailbox, stream: Stream, limits: PublishLimits) {
    this.#link = link;
    this.#mailbox = mailbox;
    this.#stream = stream;
    this.#limits = limits;
    this.#calls = new PublishCalls('NATS', limits);
    link.attach(this);
  }

  /** Messages that are not confirmed yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** @returns when all are confirmed */
  publish(messages: readonly Outbound[], signal?: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (messages.length === 0) return Promise.resolve([]);
    if (this.#link.error !== undefined) return Promise.reject(this.#link.error);
    return this.#calls.open(messages.length, signal, (call) => {
      for (const [index, message] of messages.entries()) this.#waiting.push(new Parcel(message, call, index, this));
      this.#pump();
    });
  }

  /** An answer has come, or none. */
  returned(parcel: Parcel, message: NatsMessage | undefined): void {
    this.#inAir--;
    const answer = message === undefined ? undefined : readAnswer<Stored>(message);
    if (parcel.call.isOver) {
      // Nobody waits for it any more.
    } else if (answer !== undefined && answer.error === undefined) {
      parcel.confirm(answer);
    } else if (answer === undefined || isTemporary(answer.error)) {
      this.#again.push(parcel);
      if (message !== undefined) this.#retryLater();
    } else {
      parcel.call.fail(refused(parcel, answer.error?.description));
    }
    this.#pump();
  }

  reconnected(): void {
    this.#pump();
  }

  severed(error: Error): void {
    this.#calls.failAll(error);
  }

  async close(): Promise<void> {
    await this.#calls.close(this.#link.isConnected);
    this.#pause?.unsubscribe();
    this.#link.detach(this);
  }

  #pump(): void {
    while (this.#inAir < MOST_IN_AIR) {
      const next = this.#again.first ?? this.#waiting.first;
      if (next === undefined) return;
      if (!next.call.isOver) {
        if (!this.#link.isConnected || this.#pause !== undefined) return;
        if (!this.#stream.isThere) {
          this.#stand();
          return;
        }
      }
      if (this.#again.size > 0) this.#again.shift();
      else this.#waiting.shift();
      if (!next.call.isOver) this.#send(next);
    }
  }

  #send(parcel: Parcel): void {
    const { subject, body, headers } = parcel.message;
    try {
      this.#stream.expectCovered(subject);
    } catch (error) {
      parcel.call.fail(error);
      return;
    }
    this.#inAir++;
    parcel.attempts++;
    parcel.call.isSent = true;
    this.#mailbox.post(subject, body, parcel, headers);
  }

  #stand(): void {
    if (this.#isStanding) return;
    this.#isStanding = true;
    const end = (): void => {
      this.#isStanding = false;
      this.#pump();
    };
    this.#stream.stand().then(end, (error: unknown) => {
      // It is looked for again by the next call.
      this.#calls.failAll(error);
      end();
    });
  }

  /** The stream may be gone, or JetStream is starting, or full. */
  #retryLater(): void {
    this.#stream.forget();
    this.#pause ??= this.#limits.scheduler.schedule(() => {
      this.#pause = undefined;
      this.#pump();
    }, AGAIN_MS);
  }
}

/** A message on its way. */
class Parcel implements Correspondent {
  readonly message: Outbound;
  readonly call: PublishCall;
  readonly #index: number;
  readonly #publisher: JetStreamPublisher;
  attempts = 0;

  constructor(message: Outbound, call: PublishCall, index: number, publisher: JetStreamPublisher) {
    this.message = message;
    this.call = call;
    this.#index = index;
    this.#publisher = publisher;
  }

  confirm({ seq, duplicate = false }: Stored): void {
    // The copy that the server has may be of an attempt before.
    const isDuplicate = duplicate && this.attempts === 1;
    this.call.confirm(this.#index, { id: this.message.id, isDuplicate, sequence: seq });
  }

  replied(message: NatsMessage): void {
    this.#publisher.returned(this, message);
  }

  lost(): void {
    this.#publisher.returned(this, undefined);
  }

  severed(error: Error): void {
    this.call.fail(error);
  }
}

function refused({ message: { id, subject } }: Parcel, description = 'a refusal'): BrokerUnavailableError {
  return new BrokerUnavailableError(
    `Expected JetStream to store message '${id}' on '${subject}', got: ${description}. See the limits of the stream; it would be refused again.`,
  );
}
