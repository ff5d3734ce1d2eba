import { RingBuffer } from '../core/ring-buffer.ts';
import { type Lane, Lanes } from '../flow/lanes.ts';
import type { Call, Delivery, Entry } from './delivery.ts';

/** Where accepted events wait for a slot: a queue, or, with keys, lanes. */
export interface WaitingRoom<Item> {
  /** How many wait. */
  readonly size: number;
  /** How many of them no lane keeps waiting. */
  readonly readySize: number;
  /** With batches: of those, the one that has waited longest. */
  readonly oldestReady: Delivery<Item> | undefined;
  push(key: unknown, entry: Entry<Item>): void;
  /** Gives a call the next one that may start, and says whether there was one. */
  fill(call: Call<Item>): boolean;
  /** Takes so many at once, or all that may start; of each lane, one holds it for all. */
  shiftMany(count: number): readonly Delivery<Item>[];
  /** What held this lane has ended. */
  release(lane: Lane<Entry<Item>>): void;
  /** Removes the one that has waited longest; there must be one. */
  dropOldest(): Entry<Item>;
}

/** A room without keys: first in, first out. */
export class SingleQueue<Item> implements WaitingRoom<Item> {
  private readonly queue = new RingBuffer<Entry<Item>>();

  get size(): number {
    return this.queue.size;
  }

  get readySize(): number {
    return this.queue.size;
  }

  get oldestReady(): Delivery<Item> | undefined {
    return this.queue.first as Delivery<Item> | undefined;
  }

  push(_key: unknown, entry: Entry<Item>): void {
    this.queue.push(entry);
  }

  fill(call: Call<Item>): boolean {
    if (this.queue.size === 0) return false;
    call.take(this.dropOldest(), undefined);
    return true;
  }

  shiftMany(count: number): readonly Delivery<Item>[] {
    return Array.from({ length: Math.min(count, this.size) }, () => this.dropOldest() as Delivery<Item>);
  }

  release(): void {}

  dropOldest(): Entry<Item> {
    // It may be `undefined`, and still be an event.
    return this.queue.shift() as Entry<Item>;
  }
}

/** A room with a lane for each key. */
export class KeyedRoom<Item> implements WaitingRoom<Item> {
  readonly lanes: Lanes<Entry<Item>> = new Lanes();

  get size(): number {
    return this.lanes.size;
  }

  get readySize(): number {
    return this.lanes.readySize;
  }

  get oldestReady(): Delivery<Item> | undefined {
    let oldest: Delivery<Item> | undefined;
    for (const entry of this.lanes.readyHeads()) {
      const head = entry as Delivery<Item>;
      if (oldest === undefined || head.enteredAt < oldest.enteredAt) oldest = head;
    }
    return oldest;
  }

  push(key: unknown, entry: Entry<Item>): void {
    this.lanes.push(key, entry);
  }

  fill(call: Call<Item>): boolean {
    const ticket = this.lanes.shift();
    if (ticket === undefined) return false;
    call.take(ticket.item, ticket.lane);
    return true;
  }

  shiftMany(count: number): readonly Delivery<Item>[] {
    const taken: Delivery<Item>[] = [];
    while (taken.length < count) {
      const first = this.lanes.shift();
      if (first === undefined) break;
      (first.item as Delivery<Item>).lane = first.lane;
      for (
        let ticket: typeof first | undefined = first;
        ticket !== undefined;
        ticket = taken.length < count ? this.lanes.shiftBehind(first.lane) : undefined
      ) {
        taken.push(ticket.item as Delivery<Item>);
      }
    }
    return taken;
  }

  release(lane: Lane<Entry<Item>>): void {
    this.lanes.release(lane);
  }

  dropOldest(): Entry<Item> {
    return this.lanes.dropOldest() as Entry<Item>;
  }
}
