import { Chain, type Linked } from '../core/chain.ts';

/** An item that waits, linked to its neighbours by age, over all lanes, and to the one behind it in its own. */
export class Ticket<Item> implements Linked<Ticket<Item>> {
  previous: Ticket<Item> | undefined = undefined;
  next: Ticket<Item> | undefined = undefined;
  behind: Ticket<Item> | undefined = undefined;
  readonly item: Item;
  readonly lane: Lane<Item>;

  constructor(item: Item, lane: Lane<Item>) {
    this.item = item;
    this.lane = lane;
  }
}

/** What has one key: one item is out, or those that were taken with it, and the others wait for it. */
export class Lane<Item> implements Linked<Lane<Item>> {
  previous: Lane<Item> | undefined = undefined;
  next: Lane<Item> | undefined = undefined;
  readonly key: unknown;
  head: Ticket<Item> | undefined = undefined;
  tail: Ticket<Item> | undefined = undefined;
  waiting = 0;
  /** The item that was shifted and not released yet. */
  current: Item | undefined = undefined;
  /** How many are out. */
  out = 0;
  isReady = false;

  constructor(key: unknown) {
    this.key = key;
  }
}

/** How full one lane is. */
export interface LaneSize {
  /** What the events of the lane have in common. */
  readonly key: unknown;
  /** Waiting, and in progress. */
  readonly pending: number;
}

/**
 * Keyed lanes: of each key at most one item is out (shifted and not yet released), in the order in which they came; lanes
 * take turns. A lane exists while something of its key waits or is out, so idle keys cost nothing.
 */
export class Lanes<Item> {
  private readonly lanes = new Map<unknown, Lane<Item>>();
  /** Lanes with something to give, in turn. */
  private readonly ready = new Chain<Lane<Item>>();
  private readonly byAge = new Chain<Ticket<Item>>();
  private waitingReady = 0;

  /** How many items wait. */
  get size(): number {
    return this.byAge.size;
  }

  /** How many of them wait in lanes that are free. */
  get readySize(): number {
    return this.waitingReady;
  }

  /** The first item of each lane that is free, in turn. */
  *readyHeads(): IterableIterator<Item> {
    for (const { head } of this.ready) if (head !== undefined) yield head.item;
  }

  /** Adds an item at the tail of its lane. */
  push(key: unknown, item: Item): void {
    let lane = this.lanes.get(key);
    if (lane === undefined) this.lanes.set(key, (lane = new Lane(key)));
    const ticket = new Ticket(item, lane);
    if (lane.tail === undefined) lane.head = ticket;
    else lane.tail.behind = ticket;
    lane.tail = ticket;
    lane.waiting++;
    this.byAge.push(ticket);
    if (lane.isReady) this.waitingReady++;
    else this.makeReady(lane);
  }

  /** Takes the first item of the next lane that is free; that lane is busy until its `release`. */
  shift(): Ticket<Item> | undefined {
    const lane = this.ready.first;
    if (lane?.head === undefined) return undefined;
    this.leaveReady(lane);
    lane.out = 1;
    const ticket = this.takeHead(lane.head);
    lane.current = ticket.item;
    return ticket;
  }

  /** Takes the next item of a lane of which one is out already: for those who take several at once. */
  shiftBehind(lane: Lane<Item>): Ticket<Item> | undefined {
    if (lane.head === undefined) return undefined;
    lane.out++;
    return this.takeHead(lane.head);
  }

  /** Frees a lane, once, of which an item was shifted. */
  release(lane: Lane<Item>): void {
    lane.out = 0;
    lane.current = undefined;
    if (lane.head === undefined) this.lanes.delete(lane.key);
    else this.makeReady(lane);
  }

  /** Whether something of a key waits or is out. */
  has(key: unknown): boolean {
    return this.lanes.has(key);
  }

  /** The item of a key that is out. */
  current(key: unknown): Item | undefined {
    return this.lanes.get(key)?.current;
  }

  /** Removes the item that has waited longest, in whichever lane. */
  dropOldest(): Item | undefined {
    return this.byAge.first && this.remove(this.byAge.first);
  }

  /** Removes the first waiting item of a key. */
  dropFirst(key: unknown): Item | undefined {
    const head = this.lanes.get(key)?.head;
    return head && this.remove(head);
  }

  /** The fullest lanes, the fullest first. */
  fullest(count: number): readonly LaneSize[] {
    return [...this.lanes.values()]
      .map(({ key, waiting, out }) => ({ key, pending: waiting + out }))
      .toSorted((one, other) => other.pending - one.pending)
      .slice(0, count);
  }

  private remove(ticket: Ticket<Item>): Item {
    const { lane } = ticket;
    if (lane.isReady) this.waitingReady--;
    this.takeHead(ticket);
    if (lane.head === undefined && lane.out === 0) {
      this.leaveReady(lane);
      this.lanes.delete(lane.key);
    }
    return ticket.item;
  }

  /** The oldest ticket of all is also the first of its lane, so only heads are ever taken. */
  private takeHead(ticket: Ticket<Item>): Ticket<Item> {
    const { lane } = ticket;
    lane.head = ticket.behind;
    if (lane.head === undefined) lane.tail = undefined;
    lane.waiting--;
    this.byAge.remove(ticket);
    return ticket;
  }

  private makeReady(lane: Lane<Item>): void {
    if (lane.out > 0 || lane.isReady) return;
    lane.isReady = true;
    this.waitingReady += lane.waiting;
    this.ready.push(lane);
  }

  private leaveReady(lane: Lane<Item>): void {
    lane.isReady = false;
    this.waitingReady -= lane.waiting;
    this.ready.remove(lane);
  }
}
