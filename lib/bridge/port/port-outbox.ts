import { RingBuffer } from '../../core/ring-buffer.ts';
import { MOST_ENTRIES } from './frames.ts';

/** What an outbox needs of its bridge. */
export interface PortOutboxOptions {
  readonly capacity: number;
  readonly overflow: 'drop-newest' | 'drop-oldest';
  /** Infinity: nobody says what is handled. */
  readonly maxInFlight: number;
  readonly post: (first: number, events: readonly string[], lost: number) => void;
}

/** What leaves by a port: numbered, bounded, and as much at a time as the other side handles. */
export class PortOutbox {
  readonly #options: PortOutboxOptions;
  /** By their numbers, the oldest first: sent, and not handled. */
  readonly #unconfirmed = new Map<number, string>();
  #waiting = new RingBuffer<string>();
  #next = 1;
  /** Given up since the last time that the other side was told. */
  #lost = 0;
  #isReady = false;
  #isFlushing = false;
  sent = 0;
  dropped = 0;

  constructor(options: PortOutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#unconfirmed.size + this.#waiting.size;
  }

  push(text: string): void {
    if (this.size >= this.#options.capacity) this.#flush();
    if (this.size >= this.#options.capacity && !this.#makeRoom()) return;
    this.#waiting.push(text);
    this.#flushLater();
  }

  /** The other side is there, or another one: what it has not handled, it is sent again; it knows it by its id. */
  open(): void {
    this.#isReady = true;
    const behind = this.#waiting;
    this.#waiting = new RingBuffer();
    for (const text of this.#unconfirmed.values()) this.#waiting.push(text);
    while (behind.size > 0) this.#waiting.push(behind.shift()!);
    this.#unconfirmed.clear();
    this.#flushLater();
  }

  /** The other side has gone. */
  suspend(): void {
    this.#isReady = false;
  }

  confirm(numbers: readonly number[]): void {
    for (const number of numbers) this.#unconfirmed.delete(number);
    this.#flushLater();
  }

  /** @returns how many are given up */
  close(): number {
    const { size } = this;
    this.#waiting = new RingBuffer();
    this.#unconfirmed.clear();
    this.#isReady = false;
    this.dropped += size;
    return size;
  }

  #makeRoom(): boolean {
    this.dropped++;
    this.#lost++;
    // What is on its way stays: it may be handled already.
    return this.#options.overflow === 'drop-oldest' && this.#waiting.shift() !== undefined;
  }

  /** In a microtask: what is emitted in one turn goes out together. */
  #flushLater(): void {
    if (this.#isFlushing || !this.#isReady || this.#waiting.size === 0) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#isReady && this.#sendSome());
  }

  #sendSome(): boolean {
    const { maxInFlight, post } = this.#options;
    const room = Math.min(MOST_ENTRIES, maxInFlight - this.#unconfirmed.size);
    const events: string[] = [];
    while (events.length < room && this.#waiting.size > 0) events.push(this.#waiting.shift()!);
    if (events.length === 0) return false;
    const first = this.#next;
    this.#next += events.length;
    if (maxInFlight < Infinity) events.forEach((text, at) => this.#unconfirmed.set(first + at, text));
    const lost = this.#lost;
    this.#lost = 0;
    this.sent += events.length;
    post(first, events, lost);
    return true;
  }
}
