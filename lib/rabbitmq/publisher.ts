import type { Subscription } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { PublishReceipt } from '../broker/broker-message.ts';
import type { PublishCall } from '../broker/publish-call.ts';
import { PublishCalls } from '../broker/publish-calls.ts';
import { ClosedError, MillraceError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { closeChannel, type RabbitMqConfirmChannel, type RabbitMqConnection, type RabbitMqMessage } from './amqp.ts';
import { isRefusal, textOf } from './failures.ts';
import type { Link, LinkUser } from './link.ts';
import type { CheckedOptions } from './options.ts';
import type { Topology } from './topology.ts';
import type { Outbound } from './wire.ts';

/** How many messages may be on their way. */
const MOST_UNCONFIRMED = 2_048;
/** Milliseconds before a channel is opened again that the server has closed. */
const REOPEN_MS = 100;

/**
 * Publishes with confirms, on a channel of its own. What is unconfirmed when the channel is lost is sent again on the next one, in the same order: it may be there twice, it
 * is not lost.
 */
export class Publisher implements LinkUser {
  readonly #link: Link;
  readonly #topology: Topology;
  readonly #options: CheckedOptions;
  readonly #calls: PublishCalls;
  /** Sent on a channel that is no more. */
  #again: Parcel[] = [];
  readonly #waiting = new RingBuffer<Parcel>();
  readonly #unconfirmed = new Set<Parcel>();
  #channel: RabbitMqConfirmChannel | undefined;
  #isOpening = false;
  #mustDrain = false;
  #isClosing = false;
  #reopen: Subscription | undefined;
  #severed: Error | undefined;

  constructor(link: Link, topology: Topology, options: CheckedOptions) {
    this.#link = link;
    this.#topology = topology;
    this.#options = options;
    this.#calls = new PublishCalls('RabbitMQ', options);
    link.attach(this);
  }

  /** Messages that are not confirmed yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** @returns when all are confirmed */
  publish(messages: readonly Outbound[], exchange: string, signal?: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (messages.length === 0) return Promise.resolve([]);
    if (this.#severed !== undefined) return Promise.reject(this.#severed);
    return this.#calls.open(messages.length, signal, (call) => {
      for (const [index, message] of messages.entries()) this.#waiting.push(parcelOf(message, exchange, call, index));
      this.#pump();
    });
  }

  connected(): void {
    this.#pump();
  }

  severed(error: Error): void {
    this.#severed = error;
    this.#failAll(error);
  }

  /** Waits for what was sent, while there is a connection; refuses the rest. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#calls.close(this.#channel !== undefined);
    this.#reopen?.unsubscribe();
    this.#link.detach(this);
    if (this.#channel !== undefined) await closeChannel(this.#channel);
  }

  #pump(): void {
    const channel = this.#channel;
    if (channel === undefined) {
      this.#open();
      return;
    }
    while (!this.#mustDrain && this.#unconfirmed.size < MOST_UNCONFIRMED) {
      const next = this.#again[0] ?? this.#waiting.first;
      if (next === undefined) return;
      // A suspect goes alone.
      if (this.#unconfirmed.size > 0 && (next.isSuspect || this.#hasSuspectOut())) return;
      if (this.#again.length > 0) this.#again.shift();
      else this.#waiting.shift();
      if (!next.call.isOver) this.#send(channel, next);
    }
  }

  #hasSuspectOut(): boolean {
    const [first] = this.#unconfirmed;
    return first?.isSuspect === true;
  }

  #send(channel: RabbitMqConfirmChannel, parcel: Parcel): void {
    const { exchange, routingKey, content, properties, call } = parcel;
    this.#unconfirmed.add(parcel);
    call.isSent = true;
    try {
      const hasRoom = channel.publish(exchange, routingKey, content, properties, (error) =>
        this.#confirmed(channel, parcel, error),
      );
      if (!hasRoom) this.#mustDrain = true;
    } catch (error) {
      // What ends with its connection is sent again when that is known here; anything else is the message's own.
      if (this.#link.connection === undefined || channel !== this.#channel || isIllegal(error)) return;
      this.#unconfirmed.delete(parcel);
      call.fail(
        new BrokerUnavailableError(`Expected amqplib to send a message, got: ${textOf(error)}.`, { cause: error }),
      );
    }
  }

  #confirmed(channel: RabbitMqConfirmChannel, parcel: Parcel, error: unknown): void {
    if (channel !== this.#channel) return;
    if (error instanceof Error) {
      // The channel has ended: what to do is decided once it is known why.
      if (error.message !== 'message nacked') return;
      parcel.call.fail(
        new MillraceError(
          'OUTCOME_UNKNOWN',
          `Expected RabbitMQ to confirm message '${parcel.id}', got a refusal: a queue is full that rejects publishes, or has failed. Publish it again, later, with the same id.`,
        ),
      );
    } else {
      parcel.call.confirm(parcel.index, { id: parcel.id, isDuplicate: false, isRouted: !parcel.isReturned });
    }
    this.#unconfirmed.delete(parcel);
    this.#pump();
  }

  /** A return comes before its confirm, in the order of publishing. */
  #returned({ fields, properties }: RabbitMqMessage): void {
    for (const parcel of this.#unconfirmed) {
      if (parcel.isReturned || parcel.routingKey !== fields.routingKey || parcel.exchange !== fields.exchange) continue;
      if (parcel.properties.messageId !== properties.messageId) continue;
      parcel.isReturned = true;
      return;
    }
  }

  #open(): void {
    const { connection } = this.#link;
    const hasWork = this.#again.length > 0 || this.#waiting.size > 0;
    if (connection === undefined || this.#isOpening || !hasWork || this.#reopen !== undefined) return;
    this.#isOpening = true;
    void this.#openOn(connection).finally(() => {
      this.#isOpening = false;
      this.#pump();
    });
  }

  async #openOn(connection: RabbitMqConnection): Promise<void> {
    try {
      const channel = await connection.createConfirmChannel();
      let failure: unknown;
      let isClosed = false;
      channel.on('error', (error: Error) => {
        failure = error;
      });
      channel.on('close', () => {
        isClosed = true;
        this.#lost(channel, failure);
      });
      channel.on('return', (message: RabbitMqMessage) => this.#returned(message));
      channel.on('drain', () => {
        this.#mustDrain = false;
        this.#pump();
      });
      await this.#topology.makeExchange(channel);
      if (isClosed) throw new Error('The channel was closed.');
      this.#mustDrain = false;
      this.#channel = channel;
    } catch (error) {
      if (isRefusal(error)) this.#failAll(error);
      else this.#reopenLater();
    }
  }

  #lost(channel: RabbitMqConfirmChannel, failure: unknown): void {
    if (channel !== this.#channel) return;
    this.#channel = undefined;
    const lost = [...this.#unconfirmed];
    this.#unconfirmed.clear();
    for (const parcel of lost) parcel.isReturned = false;
    if (failure !== undefined) this.#accuse(lost, failure);
    this.#again = [...lost, ...this.#again].filter(({ call }) => !call.isOver);
    if (this.#isClosing) this.#failAll(new ClosedError(`broker '${this.#options.name}'`));
    else this.#reopenLater();
  }

  /** The server has closed the channel, because of one of these. */
  #accuse(lost: readonly Parcel[], failure: unknown): void {
    const [only] = lost;
    if (lost.length === 1 && only!.isSuspect) {
      only!.call.fail(
        new BrokerUnavailableError(
          `Expected RabbitMQ to take message '${only!.id}' of ${only!.content.length} bytes, got: ${textOf(failure)}. It would refuse it again.`,
          { cause: failure },
        ),
      );
      return;
    }
    for (const parcel of lost) parcel.isSuspect = true;
  }

  #reopenLater(): void {
    if (this.#link.connection === undefined || this.#reopen !== undefined || this.#isClosing) return;
    this.#reopen = this.#options.scheduler.schedule(() => {
      this.#reopen = undefined;
      this.#pump();
    }, REOPEN_MS);
  }

  #failAll(error: unknown): void {
    this.#again = [];
    while (this.#waiting.size > 0) this.#waiting.shift();
    this.#calls.failAll(error);
  }
}

/** A message on its way to the server. */
interface Parcel extends Outbound {
  readonly exchange: string;
  readonly call: PublishCall;
  readonly index: number;
  /** Whether nobody was there to get it. */
  isReturned: boolean;
  /** Whether the channel was closed by the server while this was on it: if it happens again with nothing else, this is why. */
  isSuspect: boolean;
}

/** By name, in one shape: there are many of them. */
function parcelOf(
  { id, routingKey, content, properties }: Outbound,
  exchange: string,
  call: PublishCall,
  index: number,
): Parcel {
  return { id, routingKey, content, properties, exchange, call, index, isReturned: false, isSuspect: false };
}

/** What `amqplib` throws on a channel that has ended. */
function isIllegal(error: unknown): boolean {
  return error instanceof Error && error.name === 'IllegalOperationError';
}
