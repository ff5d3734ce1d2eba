import type { SchedulerLike, Subscription } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import { closeChannel, type RabbitMqChannel, type RabbitMqMessage } from './amqp.ts';
import { codeOf, refusalOf } from './failures.ts';
import type { Link } from './link.ts';
import { type CheckedOptions, MOST_PREFETCHED } from './options.ts';
import { addedAt, fromWire } from './wire.ts';

/** The queue that letters are in, and the one whose only consumer may read them. */
export interface LetterQueues {
  readonly queue: string;
  readonly lock: string;
}

/** A letter in hand. */
interface Taken {
  readonly letter: BrokerMessage;
  readonly raw: RabbitMqMessage;
}

/** Milliseconds between two looks at something that others are about to change. */
const LOOK_MS = 10;

/** Takes all letters of a queue, lets go of some for good, and puts the others back. */
export class LetterPass {
  readonly #link: Link;
  readonly #queues: LetterQueues;
  readonly #scheduler: SchedulerLike;
  readonly #deadline: number;

  constructor(link: Link, queues: LetterQueues, { scheduler, publishTimeoutMs }: CheckedOptions) {
    this.#link = link;
    this.#queues = queues;
    this.#scheduler = scheduler;
    this.#deadline = scheduler.now() + publishTimeoutMs;
  }

  /** @returns what is left, the oldest first */
  async run(removed: ReadonlySet<string>): Promise<readonly BrokerMessage[]> {
    const channel = await this.#lock();
    try {
      const { queue } = this.#queues;
      const taken = await this.#take(channel);
      const left = keptOf(taken, removed);
      for (const { raw, letter } of taken) if (left.get(letter.id)?.raw !== raw) channel.ack(raw);
      // Those that were acknowledged are not touched by this.
      const last = taken.findLast(({ raw, letter }) => left.get(letter.id)?.raw === raw);
      if (last !== undefined) channel.nack(last.raw, true, true);
      // Whoever comes next is to see all of them.
      while ((await channel.checkQueue(queue)).messageCount < left.size) await this.#pause();
      return [...left.values()].map(({ letter }) => letter);
    } catch (error) {
      throw refusalOf(error, `to read the queue '${this.#queues.queue}'`);
    } finally {
      await closeChannel(channel);
    }
  }

  /** Becomes the only consumer of the lock: the server ends that with the channel, however it ends. */
  async #lock(): Promise<RabbitMqChannel> {
    for (;;) {
      const { connection } = this.#link;
      try {
        if (connection !== undefined) return await this.#tryLock(await connection.createChannel());
      } catch (error) {
        if (codeOf(error) !== 403 && this.#link.connection === connection) {
          throw refusalOf(error, `the queue '${this.#queues.lock}'`);
        }
      }
      await this.#pause();
    }
  }

  async #tryLock(channel: RabbitMqChannel): Promise<RabbitMqChannel> {
    channel.on('error', () => undefined);
    await channel.consume(this.#queues.lock, () => undefined, { exclusive: true });
    return channel;
  }

  async #take(channel: RabbitMqChannel): Promise<readonly Taken[]> {
    // Not the count of checkQueue(), which is 0 while the queue has no leader: this waits for one.
    const first = await channel.get(this.#queues.queue);
    if (first === false) return [];
    const taken = [this.#taken(first)];
    const { messageCount = 0 } = first.fields;
    if (messageCount > 0) await this.#takeMore(channel, taken, messageCount + 1);
    return taken;
  }

  async #takeMore(channel: RabbitMqChannel, taken: Taken[], count: number): Promise<void> {
    const tags: Promise<{ readonly consumerTag: string }>[] = [];
    let timer: Subscription | undefined;
    // Without a limit of its own, a consumer of a quorum queue is sent 2,000.
    await channel.prefetch(MOST_PREFETCHED);
    await new Promise<void>((resolve, reject) => {
      channel.on('close', () => reject(new BrokerUnavailableError('Expected a channel to stay open, got it closed.')));
      timer = this.#scheduler.schedule(() => reject(this.#late()), this.#deadline - this.#scheduler.now());
      const take = (raw: RabbitMqMessage | null): void => {
        if (raw !== null) taken.push(this.#taken(raw));
        if (raw === null || taken.length >= count) resolve();
      };
      for (let room = 0; room < count; room += MOST_PREFETCHED) {
        const consuming = channel.consume(this.#queues.queue, take);
        consuming.catch(reject);
        tags.push(consuming);
      }
    }).finally(() => timer?.unsubscribe());
    for (const { consumerTag } of await Promise.all(tags)) await channel.cancel(consumerTag);
  }

  #taken(raw: RabbitMqMessage): Taken {
    return { raw, letter: fromWire(raw, () => this.#scheduler.now()).message };
  }

  #late(): BrokerUnavailableError {
    return new BrokerUnavailableError(
      `Expected to read the letters in '${this.#queues.queue}' within publishTimeoutMs, got no end. See who reads them, and whether the server is up.`,
    );
  }

  async #pause(): Promise<void> {
    if (this.#scheduler.now() > this.#deadline) throw this.#late();
    await new Promise<void>((resolve) => this.#scheduler.schedule(() => resolve(), LOOK_MS));
  }
}

/** Of each id the last, but for what is removed. */
function keptOf(taken: readonly Taken[], removed: ReadonlySet<string>): ReadonlyMap<string, Taken> {
  const inOrder = taken.toSorted((one, other) => addedAt(one.raw) - addedAt(other.raw));
  const kept = new Map<string, Taken>();
  for (const each of inOrder) {
    kept.delete(each.letter.id);
    if (!removed.has(each.letter.id)) kept.set(each.letter.id, each);
  }
  return kept;
}
