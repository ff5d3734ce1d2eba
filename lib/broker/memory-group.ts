import type { SchedulerLike } from 'rxjs';
import { compilePattern } from '../bus/pattern.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { Lanes } from '../flow/lanes.ts';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import { GroupCopy } from './group-copy.ts';
import type { StoredMessage } from './memory-log.ts';
import { RestingCopies } from './resting-copies.ts';

/** A subscription, as its group sees it. */
export interface Member {
  /** Takes a copy that it has asked for. @returns whether it asks for one more */
  give(copy: GroupCopy): boolean;
}

/** What a group has to do. At every moment each of its messages is in one of the three. */
export interface MemoryGroupStats {
  /** Its name. */
  readonly name: string;
  /** Wait for a subscription, for the first time or again. */
  readonly waiting: number;
  /** Are unsettled, in the hands of a subscription. */
  readonly inFlight: number;
  /** Were handed back, and wait until they may come again. */
  readonly delayed: number;
}

/**
 * The messages of one group: first in, first out, from hand to hand among its members. What must stay in order shares a lane, of which one message
 * is out at a time, until it is settled.
 */
export class MemoryGroup {
  readonly name: string;
  readonly topics: readonly string[];
  readonly #order: BrokerCapabilities['order'];
  readonly #patterns: readonly ((topic: string) => boolean)[];
  readonly #waiting = new Lanes<GroupCopy>();
  /** What was handed back and may come again: it goes first, and has its lane still. */
  readonly #again = new RingBuffer<GroupCopy>();
  readonly #resting: RestingCopies;
  readonly #members = new Set<Member>();
  /** Members that can take one more, in turn. */
  readonly #asking = new Set<Member>();
  #inFlight = 0;

  constructor(name: string, topics: readonly string[], order: BrokerCapabilities['order'], scheduler: SchedulerLike) {
    this.name = name;
    this.topics = topics;
    this.#order = order;
    this.#resting = new RestingCopies(scheduler, (copy) => this.#offerAgain(copy));
    this.#patterns = topics.map(compilePattern);
  }

  get hasMembers(): boolean {
    return this.#members.size > 0;
  }

  /** How many wait that were never delivered. */
  get waitingFirst(): number {
    return this.#waiting.size;
  }

  wants(topic: string): boolean {
    return this.#patterns.some((matches) => matches(topic));
  }

  join(member: Member): void {
    this.#members.add(member);
    if (this.#members.size === 1) this.#resting.start();
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.#asking.delete(member);
    if (!this.hasMembers) this.#resting.stop();
  }

  add(stored: StoredMessage): void {
    const copy = new GroupCopy(stored);
    this.#waiting.push(this.#laneKey(copy), copy);
    this.#dispatch();
  }

  /** A member can take one more. */
  ask(member: Member): void {
    this.#asking.add(member);
    this.#dispatch();
  }

  /** A member does not want what it has asked for. */
  stopAsking(member: Member): void {
    this.#asking.delete(member);
  }

  /** A copy that was out is settled: the next of its lane may come. */
  settle(copy: GroupCopy): void {
    this.#inFlight--;
    this.#waiting.release(copy.lane!);
    this.#dispatch();
  }

  /** A copy that was out comes again. */
  handBack(copy: GroupCopy): void {
    this.#inFlight--;
    this.#offerAgain(copy);
  }

  /** The same after a while; a turn of the event loop at least, so that a loop that refuses everything starves nobody. */
  handBackLater(copy: GroupCopy, delayMs: number): void {
    this.#inFlight--;
    this.#resting.add(copy, delayMs);
  }

  /** Gives up the copy that has waited longest without having been delivered. */
  dropOldest(): StoredMessage | undefined {
    return this.#waiting.dropOldest()?.stored;
  }

  /** Gives up all that waits. */
  *dropAll(): IterableIterator<StoredMessage> {
    for (let stored = this.dropOldest(); stored !== undefined; stored = this.dropOldest()) yield stored;
    for (let copy = this.#again.shift(); copy !== undefined; copy = this.#again.shift()) yield copy.stored;
    for (const { stored } of this.#resting) yield stored;
  }

  stats(): MemoryGroupStats {
    return {
      name: this.name,
      waiting: this.#waiting.size + this.#again.size,
      inFlight: this.#inFlight,
      delayed: this.#resting.size,
    };
  }

  /** Gives what waits to those who ask, in turn: whoever asks for one more goes behind the others, and comes up again in this loop. */
  #dispatch(): void {
    for (const member of this.#asking) {
      const copy = this.#take();
      if (copy === undefined) return;
      this.#asking.delete(member);
      this.#inFlight++;
      copy.deliveryCount++;
      if (member.give(copy)) this.#asking.add(member);
    }
  }

  #take(): GroupCopy | undefined {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const ticket = this.#waiting.shift();
    if (ticket === undefined) return undefined;
    ticket.item.lane = ticket.lane;
    return ticket.item;
  }

  /** A message that is in order with nothing has a lane to itself. */
  #laneKey(copy: GroupCopy): unknown {
    if (this.#order === 'total') return undefined;
    return this.#order === 'key' ? (copy.stored.message.key ?? copy) : copy;
  }

  #offerAgain(copy: GroupCopy): void {
    this.#again.push(copy);
    this.#dispatch();
  }
}
