import type { Linked } from '../core/chain.ts';

/** A consumer that found nothing, and is to be given the next item. It is enlisted for one at a time. */
export interface Taker<Item> extends Linked<Taker<Item>> {
  isEnlisted: boolean;
  /** Whether it has a free hand: else the item waits with it, and needs room. */
  readonly isIdle: boolean;
  /** Takes an item. */
  give(item: Item): void;
  /** There will be none. */
  end(): void;
}
