import { Chain } from '../core/chain.ts';
import { ClosedError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { whenAborted } from '../core/when-aborted.ts';
import { ChannelSender } from './channel-sender.ts';
import type { Taker } from './taker.ts';

/** A consumer that may hold items that it has not begun. */
interface Holder {
  /** How many: they count as waiting. */
  readonly backlog: number;
}

/**
 * What is in a channel: items, producers that wait for room, and consumers that wait for items.
 *
 * Consumers may be called at any place where an item is handed over, and may call back with anything: whatever follows looks again.
 */
export class Stock<Item> {
  accepted = 0;
  handedOut = 0;
  abandoned = 0;
  rejected = 0;
  isClosed = false;
  readonly capacity: number;
  private readonly name: string;
  private readonly onSpent: () => void;
  private readonly items = new RingBuffer<Item>();
  /** When each of the items came; only if somebody wants to know. */
  private times: RingBuffer<number> | undefined = undefined;
  private clock: (() => number) | undefined = undefined;
  private readonly senders = new Chain<ChannelSender<Item>>();
  private readonly takers = new Chain<Taker<Item>>();
  private holders: readonly Holder[] = [];

  /** @param onSpent - called when it is closed and the last item has gone */
  constructor(name: string, capacity: number, onSpent: () => void) {
    this.name = name;
    this.capacity = capacity;
    this.onSpent = onSpent;
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

  /** Whether one more item may wait. */
  get hasRoom(): boolean {
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

  /** From now on, consumers are told when each item came. */
  recordTimes(clock: () => number): void {
    if (this.times !== undefined) return;
    this.clock = clock;
    this.times = new RingBuffer();
    for (let count = 0; count < this.items.size; count++) this.times.push(clock());
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
    if (this.isClosed) return Promise.reject(this.refuse());
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
        takeBack();
        end();
      };
      const sender = new ChannelSender(
        item,
        () => settle(resolve),
        (reason) => settle(() => reject(reason)),
      );
      // What is no signal throws here, with nothing sent.
      const takeBack = whenAborted(signal, abort);
      this.senders.push(sender);
    });
  }

  /** Takes in those who wait, as far as there is a consumer or room for their items. */
  admitSenders(): void {
    while (this.senders.size > 0) {
      const taker = this.findTaker();
      if (taker === undefined && !this.hasRoom) return;
      this.place(this.takeFromSender(), taker);
    }
  }

  private accept(item: Item): boolean {
    const taker = this.findTaker();
    if (taker === undefined && !this.hasRoom) return false;
    this.accepted++;
    this.place(item, taker);
    return true;
  }

  private place(item: Item, taker: Taker<Item> | undefined): void {
    if (taker === undefined) {
      this.items.push(item);
      this.times?.push(this.clock!());
      return;
    }
    this.delist(taker);
    this.handedOut++;
    taker.give(item, this.clock?.());
    taker.goOn();
  }

  private takeFromSender(): Item {
    const sender = this.senders.first!;
    this.senders.remove(sender);
    this.accepted++;
    sender.accept();
    return sender.item;
  }

  // ---- Consumers ----

  /** Whether a consumer could be served at once. One that only keeps items takes none from a producer that waits for room. */
  hasItemFor(taker: Taker<Item>): boolean {
    return this.items.size > 0 || (this.senders.size > 0 && taker.isIdle);
  }

  /** Gives a consumer the next item; there must be one. */
  serve(taker: Taker<Item>): void {
    const since = this.times?.shift();
    // It may be `undefined`, and still be an item.
    const item = this.items.size === 0 ? this.takeFromSender() : (this.items.shift() as Item);
    this.handedOut++;
    // First: only then is there room, or an end.
    taker.give(item, since);
    if (this.senders.size > 0) this.admitSenders();
    if (this.isSpent) this.onSpent();
  }

  /** Gives a consumer the next item, now or when there is one. */
  ask(taker: Taker<Item>): void {
    if (this.hasItemFor(taker)) this.serve(taker);
    else this.enlist(taker);
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

  /** Who should have the next item that comes: one that begins with it; or else, if there is room, one that keeps it. */
  private findTaker(): Taker<Item> | undefined {
    const { first } = this.takers;
    // What waits comes first.
    if (first === undefined || this.items.size > 0) return undefined;
    if (first.isIdle) return first;
    for (let taker = first.next; taker !== undefined; taker = taker.next) if (taker.isIdle) return taker;
    if (!this.hasRoom) return undefined;
    for (let taker: typeof first | undefined = first; taker !== undefined; taker = taker.next) {
      if (taker.keepsMore) return taker;
    }
    return undefined;
  }

  // ---- Life ----

  /** Once. */
  close(): void {
    this.isClosed = true;
    for (let { first } = this.senders; first !== undefined; { first } = this.senders) {
      this.senders.remove(first);
      first.refuse(this.refuse());
    }
    if (this.isSpent) this.endAll();
  }

  /** Of a closed one: takes out all that is left, for nobody. */
  abandon(bury: (item: Item) => void): void {
    const left = Array.from({ length: this.items.size }, () => this.items.shift() as Item);
    this.abandoned += left.length;
    for (const item of left) bury(item);
    if (left.length > 0) this.endAll();
  }

  /** Why nothing is taken any more. */
  refusal(): ClosedError {
    return new ClosedError(`channel '${this.name}'`);
  }

  private refuse(): ClosedError {
    this.rejected++;
    return this.refusal();
  }

  private endAll(): void {
    for (let { first } = this.takers; first !== undefined; { first } = this.takers) {
      this.delist(first);
      first.end();
    }
    this.onSpent();
  }
}
