import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import { closeChannel } from './amqp.ts';
import type { Link } from './link.ts';
import type { Topology } from './topology.ts';

/** The shortest delay that has a queue of its own. */
const SHORTEST_MS = 125;

/**
 * The queues in which messages wait to be delivered again: for each group one for 125 ms, 250, 500, 1,000 and so on, 26 at most. A message waits in that of the next longer
 * delay, with a time to live of its own. It comes no sooner; and later than asked for only behind one that was to wait longer, by less than its delay, or 125 ms.
 */
export class DelayQueues {
  readonly #link: Link;
  readonly #topology: Topology;
  readonly #made = new Map<string, Promise<string>>();

  constructor(link: Link, topology: Topology) {
    this.#link = link;
    this.#topology = topology;
  }

  /** @returns the name of one that is there */
  queueFor(queue: string, delayMs: number): Promise<string> {
    const bucketMs = bucketOf(delayMs);
    const key = `${queue} ${bucketMs}`;
    const before = this.#made.get(key);
    if (before !== undefined) return before;
    const made = this.#make(queue, bucketMs);
    this.#made.set(key, made);
    made.catch(() => this.#made.delete(key));
    return made;
  }

  /** They are to be made again. */
  forget(queue: string): void {
    for (const key of this.#made.keys()) if (key.startsWith(`${queue} `)) this.#made.delete(key);
  }

  async #make(queue: string, bucketMs: number): Promise<string> {
    const { connection } = this.#link;
    if (connection === undefined) throw new BrokerUnavailableError('Expected a connection to RabbitMQ, got none.');
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    const name = await this.#topology.makeDelayQueue(channel, queue, bucketMs);
    await closeChannel(channel);
    return name;
  }
}

function bucketOf(delayMs: number): number {
  let bucketMs = SHORTEST_MS;
  while (bucketMs < delayMs) bucketMs *= 2;
  return bucketMs;
}
