import { RingBuffer } from '../core/ring-buffer.ts';
import { type Lane, Lanes } from '../flow/lanes.ts';
import type { CommittedPart } from './committed-part.ts';
import type { KafkaIncoming } from './kafka-client.ts';
import { type Beyond, MOST_BEYOND, writeBeyond } from './settled-offsets.ts';
import { sizeOf } from './wire.ts';

/** What is admitted and not settled, in bytes: what comes after waits as it was fetched, and nothing more is fetched. */
const MOST_BYTES = 16_000_000;

/** How many records wait in lanes that could be delivered; the others wait as they were fetched, which costs less. */
const MOST_READY = 256;
const FEW_READY = 64;

/** A record in a subscription's hands, until it and all before it are settled. */
export class Held {
  readonly log: PartitionLog;
  readonly offset: number;
  /** Given up when it is settled. */
  raw: KafkaIncoming | undefined;
  deliveries: number;
  /** In bytes, about. */
  readonly size: number;
  /** Where it stood; the lane is free again when it is settled. */
  lane: Lane<Held> | undefined = undefined;

  constructor(log: PartitionLog, offset: number, raw: KafkaIncoming, deliveries: number) {
    this.log = log;
    this.offset = offset;
    this.raw = raw;
    this.deliveries = deliveries;
    this.size = sizeOf(raw);
  }

  get isSettled(): boolean {
    return this.raw === undefined;
  }
}

/** A place that a group has, as it is committed. */
export interface Place {
  readonly offset: number;
  readonly metadata: string;
}

/**
 * A partition that is ours: what was fetched and waits in lanes, one for each key, and up to where all is settled. Offsets have holes, where transactions ended or compaction has been, so
 * their order counts, not their distance.
 */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  /** What the group has as its place: it was read, or committed. */
  committed: Place;
  /** What was asked to be committed since, without an answer: it may have been. */
  attempts: Place[] = [];
  /** Whether it is ours no more. */
  isLost = false;
  /** Whether its subscription has it among those that take turns. */
  isQueued = false;
  /** Whether nothing is fetched for it. */
  isPaused = false;
  /** Fetched records that are not out, in bytes. */
  waitingBytes = 0;
  readonly #isOrdered: boolean;
  readonly #lanes = new Lanes<Held>();
  /** All that is not settled, and what is settled behind it. */
  readonly #held = new RingBuffer<Held>();
  /** Fetched, and not admitted: there is too much. */
  readonly #backlog = new RingBuffer<KafkaIncoming>();
  #heldBytes = 0;
  /** Settled by others, before it was ours. */
  readonly #settledBefore: ReadonlySet<number>;
  readonly #seenBefore: number;
  /** The first offset that was not fetched. */
  #next: number;
  /** The first that was never delivered. */
  #seenTo: number;
  #mismatched: number | undefined;
  #isFull = false;
  /** Whether the first of the backlog could be delivered, as it has no key. */
  #isFrontFree = false;
  #frontOffset = 0;

  /** @param isOrdered - whether what has a key waits for what has it, too */
  constructor(topic: string, partition: number, committed: Place, { settled, seenTo }: Beyond, isOrdered: boolean) {
    this.#isOrdered = isOrdered;
    this.topic = topic;
    this.partition = partition;
    this.committed = committed;
    this.#next = committed.offset;
    this.#settledBefore = settled;
    this.#seenBefore = seenTo;
    this.#seenTo = seenTo;
  }

  /** From where it is to be fetched. */
  get next(): number {
    return this.#next;
  }

  /** Whether a record could be delivered now. */
  get hasReady(): boolean {
    return this.#lanes.readySize > 0 || this.#isFrontFree;
  }

  /** Whether there is no room for more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The first offset that is not done, and what is done beyond. */
  get place(): Place {
    const offset = this.#held.first?.offset ?? this.#backlogStart ?? this.#next;
    const settled = [...this.#settledBefore];
    for (const held of this.#held) if (held.isSettled) settled.push(held.offset);
    return { offset, metadata: writeBeyond(offset, settled, this.#seenTo) };
  }

  /** The group has this place. */
  commit(place: Place): void {
    this.committed = place;
    this.attempts = [];
  }

  /** Takes what was fetched. @returns whether it is what comes next; if not, it is to be fetched again from there */
  accept({ messages, end }: CommittedPart, fetchedOffset: string | undefined): boolean {
    if (!this.#follows(fetchedOffset)) return false;
    // Offsets go up: when the first is new, so are all.
    const mayBeDone = this.#settledBefore.size > 0 || Number(messages[0]?.offset) < this.#next;
    for (const raw of messages) {
      if (mayBeDone && this.#isDone(Number(raw.offset))) continue;
      this.#backlog.push(raw);
      this.waitingBytes += sizeOf(raw);
    }
    this.#next = Math.max(this.#next, end);
    this.#admit();
    return true;
  }

  #isDone(offset: number): boolean {
    return offset < this.#next || this.#settledBefore.has(offset);
  }

  /** Takes the next record whose lane is free. */
  shift(): Held | undefined {
    const ticket = this.#lanes.shift();
    if (ticket === undefined) return this.#isFrontFree ? this.#shiftFront() : undefined;
    const held = ticket.item;
    held.lane = ticket.lane;
    this.#givenOut(held);
    this.#admitMore();
    return held;
  }

  /** What is in order with nothing is admitted when it is wanted: until then, it costs next to nothing. */
  #shiftFront(): Held {
    const held = this.#hold(this.#backlog.shift()!, this.#frontOffset);
    this.#givenOut(held);
    this.#admit();
    return held;
  }

  #givenOut({ size, offset }: Held): void {
    this.waitingBytes -= size;
    if (offset >= this.#seenTo) this.#seenTo = offset + 1;
  }

  /** It is done: the next of its lane may come. */
  settle(held: Held): void {
    this.#heldBytes -= held.size;
    held.raw = undefined;
    if (held.lane !== undefined) this.#lanes.release(held.lane);
    for (let { first } = this.#held; first?.isSettled; { first } = this.#held) this.#held.shift();
    this.#admitMore();
  }

  #admitMore(): void {
    if (this.#backlog.size === 0 || this.#isFrontFree) return;
    if (this.#isFull || this.#lanes.readySize < FEW_READY) this.#admit();
  }

  get #backlogStart(): number | undefined {
    const { first } = this.#backlog;
    return first === undefined ? undefined : Number(first.offset);
  }

  /** What follows a place that is not known may be a rest from before the partitions were dealt out; asked for again, it is what the server has now. */
  #follows(fetchedOffset: string | undefined): boolean {
    const fetched = fetchedOffset === undefined ? this.#next : Number(fetchedOffset);
    if (fetched <= this.#next || fetched === this.#mismatched) {
      this.#mismatched = undefined;
      return true;
    }
    this.#mismatched = fetched;
    return false;
  }

  /** As far as there is room: up to what has no key, which is in order with nothing. */
  #admit(): void {
    this.#isFull = false;
    this.#isFrontFree = false;
    for (let raw = this.#backlog.first; raw !== undefined; raw = this.#backlog.first) {
      if (this.#lanes.readySize >= MOST_READY) return;
      const offset = Number(raw.offset);
      const start = this.#held.first?.offset ?? offset;
      this.#isFull = offset - start >= MOST_BEYOND || this.#heldBytes >= MOST_BYTES;
      if (this.#isFull) return;
      if (!this.#isOrdered || raw.key === null || raw.key === undefined) {
        this.#isFrontFree = true;
        this.#frontOffset = offset;
        return;
      }
      this.#backlog.shift();
      this.#lanes.push(String(raw.key), this.#hold(raw, offset));
    }
  }

  #hold(raw: KafkaIncoming, offset: number): Held {
    const held = new Held(this, offset, raw, offset < this.#seenBefore ? 1 : 0);
    this.#heldBytes += held.size;
    this.#held.push(held);
    return held;
  }
}
