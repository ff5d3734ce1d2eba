import { RingBuffer } from '../core/ring-buffer.ts';
import type { Checkpoint } from './recorded-event.ts';

/** A place up to which a reader has come. */
export interface Place {
  readonly checkpoint: Checkpoint;
  readonly position: number;
}

/** An event in the line. */
interface Entry extends Place {
  isSettled: boolean;
}

/** Follows events that settle in any order, and knows the highest place below which all are settled. */
export class SettledLine {
  readonly #entries = new RingBuffer<Entry>();
  #reached: Place | undefined;

  constructor(reached: Place | undefined) {
    this.#reached = reached;
  }

  /** All up to here is settled. */
  get reached(): Place | undefined {
    return this.#reached;
  }

  /** How many are not, or stand behind one that is not. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * One more event, behind all others.
   *
   * @returns to be called when it is settled: whether the line has come further
   */
  add({ checkpoint, position }: Place): () => boolean {
    const entry: Entry = { checkpoint, position, isSettled: false };
    this.#entries.push(entry);
    return () => {
      entry.isSettled = true;
      return this.#advance();
    };
  }

  /** There is nothing more up to here. */
  skipTo(place: Place): void {
    this.add(place)();
  }

  #advance(): boolean {
    const before = this.#reached;
    while (this.#entries.first?.isSettled === true) this.#reached = this.#entries.shift();
    return this.#reached !== before;
  }
}
