import { randomId } from '../../core/ids.ts';
import type { EventMessage } from '../../core/message.ts';
import { eventChunk } from './event-stream.ts';

/** How much a log keeps. */
export interface EventLogOptions {
  readonly capacity: number;
  readonly maxBytes: number;
}

/** An event in a log. */
export interface LoggedEvent {
  readonly event: EventMessage;
  /** As all clients are sent it: written once. */
  readonly bytes: Uint8Array;
}

/**
 * The last events, for all clients together: who comes back goes on from here, and so does who is slow. However many clients there are, and however slow they are, it is all that they
 * can make us keep.
 */
export class EventLog {
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #slots: (LoggedEvent | undefined)[] = [];
  readonly #waiting = new Set<() => void>();
  /** Tells the ids of this log from those of one before a restart. */
  readonly #epoch = randomId().replaceAll('-', '').slice(0, 12);
  #oldest = 1;
  #newest = 0;
  #bytes = 0;

  constructor({ capacity, maxBytes }: EventLogOptions) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
  }

  /** The number of the oldest event that is kept; without any, of the next one. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The number of the last event; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  get size(): number {
    return this.#newest - this.#oldest + 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(event: EventMessage, json: string): void {
    const number = ++this.#newest;
    const bytes = eventChunk(this.idOf(number), json);
    if (this.size > this.#capacity) this.#forgetOldest();
    this.#slots[number % this.#capacity] = { event, bytes };
    this.#bytes += bytes.length;
    while (this.#bytes > this.#maxBytes) this.#forgetOldest();
    this.wake();
  }

  at(number: number): LoggedEvent | undefined {
    return number >= this.#oldest && number <= this.#newest ? this.#slots[number % this.#capacity] : undefined;
  }

  /** The id of a place, for the wire. */
  idOf(number: number): string {
    return `${this.#epoch}.${number}`;
  }

  /** The place of an id; undefined for one that this log has not given. */
  placeOf(id: string): number | undefined {
    const [epoch, digits = ''] = id.split('.', 2);
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(digits)) return undefined;
    return Number(digits) <= this.#newest ? Number(digits) : undefined;
  }

  /** Resolves when there is something new. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Wakes all who wait. */
  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #forgetOldest(): void {
    const slot = this.#oldest++ % this.#capacity;
    this.#bytes -= this.#slots[slot]?.bytes.length ?? 0;
    this.#slots[slot] = undefined;
  }
}
