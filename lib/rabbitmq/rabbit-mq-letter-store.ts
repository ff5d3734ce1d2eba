import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import { LetterPass, type LetterQueues } from './letter-pass.ts';
import { closeChannel } from './amqp.ts';
import type { Surroundings } from './subscription-surroundings.ts';
import { addressed } from './wire.ts';

/** What is wanted of the next pass. */
interface Wanted {
  readonly removed: Set<string>;
  readonly done: Promise<readonly BrokerMessage[]>;
}

/**
 * Letters in a queue. It can only be read by taking all of them and letting them return, so one pass at a time does it, among all clients; what is asked for while one is under way
 * shares the next.
 */
export class RabbitMqLetterStore implements BrokerLetterStore {
  readonly #around: Surroundings;
  readonly #name: string;
  #queues: Promise<LetterQueues> | undefined;
  #next: Wanted | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #lastAdded = 0;

  constructor(around: Surroundings, name: string) {
    this.#around = around;
    this.#name = name;
  }

  async add(letter: BrokerMessage): Promise<void> {
    if (await this.#publish(letter)) return;
    // Somebody has deleted the queue.
    this.#queues = undefined;
    if (await this.#publish(letter)) return;
    throw new BrokerUnavailableError(
      `Expected the queue of letter store '${this.#name}' to stay, got it deleted twice.`,
    );
  }

  async remove(id: string): Promise<void> {
    await this.#pass(id);
  }

  async check(): Promise<void> {
    if (!this.#around.options.manage) await this.#made();
  }

  list(): Promise<readonly BrokerMessage[]> {
    return this.#pass();
  }

  /** Resolves when no pass is under way. */
  async settled(): Promise<void> {
    while (this.#next !== undefined) await this.#last;
    await this.#last;
  }

  async #publish(letter: BrokerMessage): Promise<boolean> {
    const { queue } = await this.#made();
    const { publisher, options } = this.#around;
    // Those of one millisecond keep their order, too.
    this.#lastAdded = Math.max(options.scheduler.now(), this.#lastAdded + 0.001);
    const published = addressed(letter, queue, this.#lastAdded);
    const [receipt] = await publisher.publish([published], '');
    return receipt!.isRouted === true;
  }

  #pass(removedId?: string): Promise<readonly BrokerMessage[]> {
    if (this.#next === undefined) {
      const removed = new Set<string>();
      const done = this.#last.then(async () => {
        this.#next = undefined;
        return this.#run(removed);
      });
      this.#next = { removed, done };
      this.#last = done.catch(() => undefined);
    }
    const { removed, done } = this.#next;
    if (removedId !== undefined) removed.add(removedId);
    return done;
  }

  async #run(removed: ReadonlySet<string>): Promise<readonly BrokerMessage[]> {
    const { link, options } = this.#around;
    const pass = new LetterPass(link, await this.#made(), options);
    return pass.run(removed);
  }

  #made(): Promise<LetterQueues> {
    if (this.#queues === undefined) {
      const made = this.#make();
      this.#queues = made;
      made.catch(() => {
        if (this.#queues === made) this.#queues = undefined;
      });
    }
    return this.#queues;
  }

  async #make(): Promise<LetterQueues> {
    const { link, topology } = this.#around;
    if (link.connection === undefined) throw new BrokerUnavailableError('Expected a connection to RabbitMQ, got none.');
    const channel = await link.connection.createChannel();
    channel.on('error', () => undefined);
    const queues = await topology.makeLetters(channel, this.#name);
    await closeChannel(channel);
    return queues;
  }
}
