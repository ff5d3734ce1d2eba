import { expectOptions } from '../core/options.ts';
import { BoundedChannel } from './bounded-channel.ts';
import type { Channel, ChannelOptions } from './channel.ts';

/**
 * Creates a channel: a bounded queue whose producers wait for room, and whose consumers take what they can handle.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createChannel } from 'millrace';
 *
 * const orders = createChannel<{ id: string }>({ capacity: 256 });
 * const workers = orders.process(async ({ id }) => console.log(`packed ${id}`), {
 *   concurrency: 8,
 *   retry: { maxAttempts: 3 },
 * });
 * for (let n = 1; n <= 1_000; n++) await orders.send({ id: `o${n}` }); // waits for room, never drops
 * orders.close();
 * console.log(await workers.drain({ deadlineMs: 5_000 })); // { completed: true, handled: 1000, … }
 * ```
 */
export function createChannel<Item>(options: ChannelOptions<Item> = {}): Channel<Item> {
  return new BoundedChannel(expectOptions('options', options));
}
