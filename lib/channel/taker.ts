import type { Linked } from '../core/chain.ts';

/** A consumer that asked for an item and found none: it is enlisted for the next one. */
export interface Taker<Item> extends Linked<Taker<Item>> {
  isEnlisted: boolean;
  /** Whether it would begin with an item at once. */
  readonly isIdle: boolean;
  /** Whether it would keep one that it cannot begin with yet. Such an item still waits, and needs room. */
  readonly keepsMore: boolean;
  /**
   * Takes an item.
   *
   * @param since - when it came into the channel, if that is known
   */
  give(item: Item, since: number | undefined): void;
  /** Asks for more, after an item that came while it was enlisted. */
  goOn(): void;
  /** There will be none. */
  end(): void;
}
