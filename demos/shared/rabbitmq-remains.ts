import type { Channel } from 'amqplib';

/** Delays of the demos are no longer than 125 ms, doubled so often. */
const DELAYS = 8;

/** What brokers with this prefix have made on a server. */
export interface RabbitMqRemains {
  /** Begins the names of all queues. */
  readonly prefix: string;
  /** Groups of their buses' handlers: `mail--welcome-mail`. */
  readonly groups: readonly string[];
  /** Groups of buses that may have dead letters. */
  readonly letters: readonly string[];
}

/** Removes what brokers have made; what is not there is no error. */
export async function removeRemains(channel: Channel, { prefix, groups, letters }: RabbitMqRemains): Promise<void> {
  const queues = groups.map((group) => prefix + group);
  const stores = letters.map((group) => `${prefix}letters.${group}`);
  const locks = stores.map((queue) => `${queue}.lock`);
  for (const queue of [...queues.flatMap(withDelays), ...stores, ...locks]) await channel.deleteQueue(queue);
  for (const queue of queues) await channel.deleteExchange(`${queue}.topics`);
}

/** How many messages wait in a queue; those in the hands of a consumer are not among them. */
export async function sizeOf(channel: Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

/** A group's queue, and those in which its events may have waited to be delivered again. */
function withDelays(queue: string): readonly string[] {
  return [queue, ...Array.from({ length: DELAYS }, (_, index) => `${queue}.delay.${125 * 2 ** index}`)];
}
