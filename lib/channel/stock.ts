import { Chain } from '../core/chain.ts';
import { ClosedError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { ChannelSender } from './channel-sender.ts';
import type { Taker } from './taker.ts';

/** A consumer that may hold items that it has not begun. */
interface Holder {
  /** How many: they count as waiting. */
  readonly backlog: number;
}

/** What is in a channel: items, producers that wait for room, and consumers that wait for items. */
export class Stock<Item> {
  accepted = 0;
  handedOut = 0;
  abandoned = 0;
  rejected = 0;
  isClosed = false;
  readonly capacity: number;
  private readonly name: string;
  private readonly onEmptied: () => void;
  private readonly items = new RingBuffer<Item>();
  private readonly senders = new Chain<ChannelSender<Item>>();
  private readonly takers = new Chain<Taker<Item>>();
  private holders: readonly Holder[] = [];

  /** @param onEmptied - called when it is closed and the last item has gone */
  constructor(name: string, capacity: number, onEmptied: () => void) {
    this.name = name;
    this.capacity = capacity;
    this.onEmptied = onEmptied;
  }

  /** Items that wait here. */
  get size(): number {
    return this.items.size;
  }

  /** Producers that wait for room. */
  get suspended(): number {
    return this.senders.size;
  }

  /** Whether nothing is left, and nothing will come. */
  get isSpent(): boolean {
    return this.isClosed && this.items.size === 0;
  }

  /** Whether there is something to take for a consumer that begins with it at once. */
  get hasItem(): boolean {
    return this.items.size > 0 || this.senders.size > 0;
  }

  private get hasRoom(): boolean {
    const { holders } = this;
    let waiting = this.items.size;
    for (let index = 0; index < holders.length; index++) waiting += holders[index]!.backlog;
    return waiting < this.capacity;
  }

  /** Counts what a consumer holds as waiting, from now on. */
  addHolder(holder: Holder): void {
    this.holders = [...this.holders, holder];
  }

  removeHolder(holder: Holder): void {
    this.holders = this.holders.filter((other) => other !== holder);
    this.admitSenders();
  }

  // ---- Producers ----

  /** Whoever waits for room comes first. */
  trySend(item: Item): boolean {
    if (!this.isClosed && this.senders.size === 0 && this.accept(item)) return true;
    this.rejected++;
    return false;
  }

  send(item: Item, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.isClosed) return Promise.reject(this.refusal());
    if (this.senders.size === 0 && this.accept(item)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal === undefined) {
        this.senders.push(new ChannelSender(item, resolve, reject));
        return;
      }
      const abort = (): void => {
        this.senders.remove(sender);
        reject(signal.reason);
      };
      const settle = (end: () => void): void => {
        signal.removeEventListener('abort', abort);
        end();
      };
      const sender = new ChannelSender(
        item,
        () => settle(resolve),
        (reason) => settle(() => reject(reason)),
      );
      this.senders.push(sender);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Takes in those who wait, as far as there is room. */
  admitSenders(): void {
    while (this.senders.size > 0 && this.hasRoom) this.items.push(this.takeFromSender());
  }

  private accept(item: Item): boolean {
    const taker = this.takers.size > 0 ? this.findTaker() : undefined;
    if (taker === undefined && !this.hasRoom) return false;
    this.accepted++;
    if (taker === undefined) {
      this.items.push(item);
    } else {
      this.handedOut++;
      this.delist(taker);
      taker.give(item);
    }
    return true;
  }

  private takeFromSender(): Item {
    const sender = this.senders.first!;
    this.senders.remove(sender);
    this.accepted++;
    sender.accept();
    return sender.item;
  }

  // ---- Consumers ----

  /** Takes the next item; there must be one. */
  take(): Item {
    this.handedOut++;
    if (this.items.size === 0) return this.takeFromSender();
    // It may be `undefined`, and still be an item.
    const item = this.items.shift() as Item;
    if (this.senders.size > 0) this.admitSenders();
    if (this.isSpent) this.onEmptied();
    return item;
  }

  /** Gives a consumer that found nothing the next item, or tells it that there will be none. */
  enlist(taker: Taker<Item>): void {
    if (taker.isEnlisted) return;
    if (this.isSpent) {
      taker.end();
      return;
    }
    taker.isEnlisted = true;
    this.takers.push(taker);
  }

  delist(taker: Taker<Item>): void {
    if (!taker.isEnlisted) return;
    taker.isEnlisted = false;
    this.takers.remove(taker);
  }

  /** One with a free hand; or, if there is room, any. */
  private findTaker(): Taker<Item> | undefined {
    const { first } = this.takers;
    if (first?.isIdle || this.hasRoom) return first;
    return [...this.takers].find(({ isIdle }) => isIdle);
  }

  // ---- Life ----

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const sender of [...this.senders]) {
      this.senders.remove(sender);
      this.rejected++;
      sender.refuse(this.refusal());
    }
    if (this.isSpent) this.endAll();
  }

  /** Takes out all that is left, for nobody. */
  abandon(): readonly Item[] {
    const left = Array.from({ length: this.items.size }, () => this.items.shift() as Item);
    this.abandoned += left.length;
    if (left.length > 0 && this.isClosed) this.endAll();
    return left;
  }

  refusal(): ClosedError {
    return new ClosedError(`channel '${this.name}'`);
  }

  private endAll(): void {
    for (const taker of [...this.takers]) {
      this.delist(taker);
      taker.end();
    }
    this.onEmptied();
  }
}
