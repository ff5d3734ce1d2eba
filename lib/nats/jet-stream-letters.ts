import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import { placeOf } from './delivery-place.ts';
import type { ConsumerInfo } from './jet-stream-api.ts';
import type { JetStreamContext } from './jet-stream-context.ts';
import type { JetStreamPublisher } from './jet-stream-publisher.ts';
import type { NatsMessage } from './nats-client.ts';
import { outboundLetterOf } from './outbound.ts';
import { Pull } from './pull.ts';
import { refusalOf, type Stream } from './stream.ts';
import { expectShort } from './subjects.ts';
import { fromWire } from './wire.ts';

/** How many letters are asked for at a time. */
const BATCH = 256;
/** Nanoseconds after which the server forgets a reader that has vanished. */
const READER_NS = 10_000_000_000;

/** Letters in a stream of their own, each on a subject that is made of its id: a stream that keeps one message for each subject. */
export class JetStreamLetters implements BrokerLetterStore {
  readonly #context: JetStreamContext;
  readonly #stream: Stream;
  readonly #prefix: string;
  readonly #publisher: JetStreamPublisher;
  readonly #limitMs: number;

  /**
   * @param prefix - begins the subjects
   * @param publisher - one that publishes into this stream
   * @param limitMs - how long the server may be away
   */
  constructor(
    context: JetStreamContext,
    stream: Stream,
    prefix: string,
    publisher: JetStreamPublisher,
    limitMs: number,
  ) {
    this.#context = context;
    this.#stream = stream;
    this.#prefix = prefix;
    this.#publisher = publisher;
    this.#limitMs = limitMs;
  }

  async add(letter: BrokerMessage): Promise<void> {
    const outbound = outboundLetterOf(letter, this.#subjectOf(letter.id), this.#context.link.client);
    await this.#publisher.publish([outbound]);
  }

  async remove(id: string): Promise<void> {
    const filter = this.#subjectOf(id);
    await this.#within(`to remove letter '${id}'`, async (signal) => {
      await this.#stream.stand();
      await this.#context.api.ask(`STREAM.PURGE.${this.#stream.name}`, { filter }, signal);
    });
  }

  async check(): Promise<void> {
    await this.#within(`stream '${this.#stream.name}'`, async () => this.#stream.check());
  }

  async list(): Promise<readonly BrokerMessage[]> {
    return this.#within(`to list the letters in stream '${this.#stream.name}'`, async (signal) => {
      await this.#stream.stand();
      for (;;) {
        const letters = await this.#read(signal);
        if (letters !== undefined) return letters;
      }
    });
  }

  #subjectOf(id: string): string {
    // What a subject gives a meaning to is encoded as well.
    const token = encodeURIComponent(id).replaceAll('.', '%2E').replaceAll('*', '%2A');
    return expectShort('the id of a letter, percent-encoded,', this.#prefix + token);
  }

  /** @returns undefined when the reader was lost on its way */
  async #read(signal: AbortSignal): Promise<readonly BrokerMessage[] | undefined> {
    const { api } = this.#context;
    const { name } = this.#stream;
    const config = { ack_policy: 'none', deliver_policy: 'all', inactive_threshold: READER_NS, mem_storage: true };
    const request = { stream_name: name, config };
    const info = await api.ask<ConsumerInfo & { readonly name: string }>(`CONSUMER.CREATE.${name}`, request, signal);
    try {
      return await readAll(
        this.#context,
        api.subject(`CONSUMER.MSG.NEXT.${name}.${info.name}`),
        info.num_pending,
        signal,
      );
    } finally {
      await api.ask(`CONSUMER.DELETE.${name}.${info.name}`, undefined, signal).catch(() => undefined);
    }
  }

  async #within<Result>(what: string, deed: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const limit = new AbortController();
    const timer = this.#context.scheduler.schedule(() => {
      limit.abort(
        new BrokerUnavailableError(`Expected ${what} within publishTimeoutMs, ${this.#limitMs} ms, got no answer.`),
      );
    }, this.#limitMs);
    try {
      return await deed(limit.signal);
    } catch (error) {
      throw refusalOf(error, what);
    } finally {
      timer.unsubscribe();
    }
  }
}

/** Reads as many as there were at first; fewer, if some are removed meanwhile. */
function readAll(
  { link, newInbox, scheduler }: JetStreamContext,
  subject: string,
  count: number,
  signal: AbortSignal,
): Promise<readonly BrokerMessage[] | undefined> {
  if (count === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    const letters: BrokerMessage[] = [];
    const end = (result: readonly BrokerMessage[] | undefined): void => {
      signal.removeEventListener('abort', abort);
      pull.abandon();
      resolve(result);
    };
    const abort = (): void => {
      pull.abandon();
      reject(signal.reason);
    };
    const take = (message: NatsMessage): void => {
      const { sequence, time, pending } = placeOf(message.reply!);
      const place = { topic: message.subject, id: () => String(sequence), time: () => time };
      letters.push(fromWire(message, place));
      if (pending === 0) end(letters);
      else if (pull.requested === 0) pull.request(BATCH);
    };
    const pull = new Pull(link.client, subject, newInbox(), scheduler, {
      take,
      // All that is left was removed.
      dried: () => end(letters),
      broke: () => end(undefined),
    });
    signal.addEventListener('abort', abort);
    pull.request(BATCH);
  });
}
