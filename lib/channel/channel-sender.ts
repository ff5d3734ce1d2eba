import type { Linked } from '../core/chain.ts';

/** A producer that waits for room, with what it wants to hand over. */
export class ChannelSender<Item> implements Linked<ChannelSender<Item>> {
  previous: ChannelSender<Item> | undefined = undefined;
  next: ChannelSender<Item> | undefined = undefined;
  readonly item: Item;
  readonly accept: () => void;
  readonly refuse: (reason: unknown) => void;

  constructor(item: Item, accept: () => void, refuse: (reason: unknown) => void) {
    this.item = item;
    this.accept = accept;
    this.refuse = refuse;
  }
}
