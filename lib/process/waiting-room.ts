import { RingBuffer } from '../core/ring-buffer.ts';

/** Where accepted events wait for a slot: a queue, or, with keys, lanes. */
export interface WaitingRoom<Item> {
  /** How many wait. */
  readonly size: number;
  push(key: unknown, item: Item): void;
  /** Takes the next one that may start. */
  shift(): Item | undefined;
  /** The one that was taken for this key has ended. */
  release(key: unknown): void;
  /** Removes the one that has waited longest. */
  dropOldest(): Item | undefined;
}

/** A room without keys: first in, first out. */
export class SingleQueue<Item> implements WaitingRoom<Item> {
  private readonly queue = new RingBuffer<Item>();

  get size(): number {
    return this.queue.size;
  }

  push(_key: unknown, item: Item): void {
    this.queue.push(item);
  }

  shift(): Item | undefined {
    return this.queue.shift();
  }

  release(): void {}

  dropOldest(): Item | undefined {
    return this.queue.shift();
  }
}
