import { RingBuffer } from '../core/ring-buffer.ts';
import type { Delivery } from './delivery.ts';

/** Deliveries whose delay is over and that wait for a slot, the first one first. */
export class RetryQueue<Item> {
  private readonly queue = new RingBuffer<Delivery<Item>>();

  get size(): number {
    return this.queue.size;
  }

  push(delivery: Delivery<Item>): void {
    this.queue.push(delivery);
  }

  /** Some may have been given up meanwhile. */
  shift(): Delivery<Item> | undefined {
    let delivery = this.queue.shift();
    while (delivery?.isEnded || delivery?.letter !== undefined) delivery = this.queue.shift();
    return delivery;
  }
}
