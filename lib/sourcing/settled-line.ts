import { RingBuffer } from '../core/ring-buffer.ts';
import type { Checkpoint } from './recorded-event.ts';

/** A place up to which a reader has come. */
export interface Place {
  readonly checkpoint: Checkpoint;
  readonly position: number;
}

/** An event in the line, or a stretch without any. */
interface Entry {
  place: Place;
  isSettled: boolean;
}

/** Follows events that settle in any order, and knows the highest place below which all are settled. */
export class SettledLine {
  readonly #entries = new RingBuffer<Entry>();
  #newest: Entry | undefined;
  #reached: Place | undefined;
  #added = 0;

  constructor(reached: Place | undefined) {
    this.#reached = reached;
  }

  /** All up to here is settled. */
  get reached(): Place | undefined {
    return this.#reached;
  }

  /** Where its end is, settled or not. */
  get end(): Place | undefined {
    return this.isSettled ? this.#reached : this.#newest?.place;
  }

  /** Whether nothing in it is left to settle. */
  get isSettled(): boolean {
    return this.#entries.size === 0;
  }

  /** How many have ever been added. */
  get added(): number {
    return this.#added;
  }

  /** How many of them are settled, together with all before them. */
  get passed(): number {
    return this.#added - this.#entries.size;
  }

  /**
   * One more event, behind all others.
   *
   * @returns to be called when it is settled: whether the line has come further
   */
  add({ checkpoint, position }: Place): () => boolean {
    // A place of its own: the event is large, and the last one of a store may be the last for long.
    const entry: Entry = { place: { checkpoint, position }, isSettled: false };
    this.#entries.push(entry);
    this.#newest = entry;
    this.#added++;
    return () => {
      entry.isSettled = true;
      return this.#advance();
    };
  }

  /** There is nothing more up to here. */
  skipTo({ checkpoint, position }: Place): void {
    const { end } = this;
    if (end?.checkpoint === checkpoint) return;
    // What is known of the position may be older than the checkpoint.
    const place: Place = { checkpoint, position: Math.max(position, end?.position ?? 0) };
    if (this.isSettled) this.#reached = place;
    // While one event takes its time, there may be any number of stretches behind it.
    else if (this.#newest?.isSettled === true) this.#newest.place = place;
    else this.add(place)();
  }

  #advance(): boolean {
    const before = this.#reached;
    while (this.#entries.first?.isSettled === true) this.#reached = this.#entries.shift()!.place;
    return this.#reached !== before;
  }
}
