import type { Acknowledger } from './acknowledger.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { compilePattern } from '../bus/pattern.ts';
import { committedPart } from './committed-part.ts';
import { failureOf, isRefusal } from './failures.ts';
import { type DealtPartition, type GroupPlaces, type Places, placeName } from './group-places.ts';
import type { KafkaBatchPayload } from './kafka-client.ts';
import { Membership, type MembershipUser } from './membership.ts';
import { PartitionLog } from './partition-log.ts';
import { readBeyond } from './settled-offsets.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { TopicWatch } from './topic-watch.ts';
import { pause } from './turns.ts';
import { whileAlive } from './while-alive.ts';

/** The first wait before it joins again, in milliseconds; the next one is twice as long, up to the longest. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** Milliseconds between looks whether the group has begun. */
const LOOK_MS = 25;

/** Who consumes. */
export interface GroupLifeUser {
  /** The group has begun, and this is a member. */
  stands(): void;
  /** There is more to deliver. */
  filled(log: PartitionLog): void;
  /** A partition is ours no more. */
  lost(log: PartitionLog, why: string): void;
  /** Resolves when there is room for more. */
  untilRoom(): Promise<void>;
  /** It cannot go on. */
  failed(error: Error): void;
}

/** A subscription's place in its group, from one membership to the next: they end when the server is lost, and when other topics match. */
export class GroupLife implements MembershipUser {
  readonly logs: Map<string, PartitionLog> = new Map<string, PartitionLog>();
  readonly #around: SubscriptionSurroundings;
  readonly #subscription: CheckedSubscription;
  readonly #user: GroupLifeUser;
  readonly #places: GroupPlaces;
  readonly #acknowledger: Acknowledger;
  readonly #retryTopic: string | undefined;
  readonly #patterns: readonly ((topic: string) => boolean)[];
  #membership: Membership | undefined;
  #hasBegun = false;
  #isOver = false;
  #deal = 0;
  #dealing: Promise<void> = Promise.resolve();
  #end: (error?: Error) => void = () => {};
  #living: Promise<void> = Promise.resolve();

  constructor(
    around: SubscriptionSurroundings,
    subscription: CheckedSubscription,
    places: GroupPlaces,
    acknowledger: Acknowledger,
    retryTopic: string | undefined,
    user: GroupLifeUser,
  ) {
    this.#retryTopic = retryTopic;
    this.#around = around;
    this.#subscription = subscription;
    this.#user = user;
    this.#places = places;
    this.#acknowledger = acknowledger;
    this.#patterns = subscription.topics.filter(isPattern).map((pattern) => compilePattern(pattern));
  }

  /** Who may commit. */
  get membership(): Membership | undefined {
    return this.#membership;
  }

  start(): void {
    this.#living = this.#live();
  }

  /** Leaves the group; an ephemeral one ends with its last member. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#end();
    await this.#living;
    if (this.#subscription.isEphemeral) await this.#deleteGroup();
  }

  joined(membership: Membership, assignment: Readonly<Record<string, readonly number[]>>): void {
    if (membership !== this.#membership) return;
    const dealt = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition, name: placeName(topic, partition) })),
    );
    const names = new Set(dealt.map(({ name }) => name));
    for (const [name, log] of this.logs) {
      if (names.has(name)) this.#keep(membership, log);
      else this.#drop(name, log, 'its partition went to another member of the group');
    }
    this.#dealing = this.#take(membership, dealt, ++this.#deal);
  }

  async received(membership: Membership, payload: KafkaBatchPayload): Promise<void> {
    const { batch } = payload;
    for (let deal = -1; deal !== this.#deal;) {
      deal = this.#deal;
      await this.#whileAlive(payload, this.#dealing);
    }
    const log = this.logs.get(placeName(batch.topic, batch.partition));
    if (membership !== this.#membership || log === undefined) return;
    const part = committedPart(batch);
    // Asked again, it is there when the transaction has ended.
    if (part === undefined) return this.#whileAlive(payload, pause(LOOK_MS, this.#around.options.scheduler));
    const isNext = log.accept(part, batch.fetchedOffset);
    if (isNext && Number(batch.lastOffset()) + 1 === log.next) payload.resolveOffset(batch.messages.at(-1)!.offset);
    else membership.seek(log.topic, log.partition, log.next);
    this.regulate(log);
    if (!isNext) return;
    this.#user.filled(log);
    await this.#whileAlive(payload, this.#user.untilRoom());
  }

  rebalancing(membership: Membership): void {
    if (membership === this.#membership) this.#acknowledger.rebalancing();
  }

  ended(membership: Membership, error: Error): void {
    if (membership === this.#membership) this.#end(error);
  }

  /** It turned out that somebody else has it: partitions have to be dealt out again. */
  giveUp(log: PartitionLog, why: string): void {
    if (log.isLost) return;
    this.#drop(placeName(log.topic, log.partition), log, why);
    this.#end(new Error(why));
  }

  /** Fetches no more for a partition than there is room for. */
  regulate(log: PartitionLog): void {
    if (log.isFull === log.isPaused || log.isLost) return;
    log.isPaused = log.isFull;
    if (log.isPaused) this.#membership?.pause(log.topic, log.partition);
    else this.#membership?.resume(log.topic, log.partition);
  }

  async #live(): Promise<void> {
    const { link, options } = this.#around;
    if (this.#subscription.isEphemeral) await this.#deleteGroup();
    for (let failures = 0; !this.#isOver;) {
      try {
        const topics = await this.#wanted();
        await this.#belong(topics);
        failures = 0;
      } catch (error) {
        if (isRefusal(error)) {
          this.#user.failed(failureOf(error, `Kafka to have group '${this.#places.groupId}'`));
          return;
        }
        if (this.#isOver) return;
        link.suspect();
        await pause(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++), options.scheduler);
      }
    }
  }

  /** The topics that there are, of those that are wanted. */
  async #wanted(): Promise<readonly string[]> {
    const { topics, options } = this.#around;
    const named = this.#subscription.topics.filter((topic) => !isPattern(topic)).map((topic) => options.prefix + topic);
    if (this.#retryTopic !== undefined) named.push(this.#retryTopic);
    if (named.length > 0) await topics.ensure(named);
    const matching = this.#patterns.length === 0 ? [] : await topics.list();
    const matched = matching.filter((topic) => this.#patterns.some((matches) => matches(topic)));
    return [...new Set([...named, ...matched.map((topic) => options.prefix + topic)])].toSorted();
  }

  /** Is a member until that ends, or other topics match. */
  async #belong(topics: readonly string[]): Promise<void> {
    const { link, options } = this.#around;
    const ending = new Promise<Error | undefined>((resolve) => {
      this.#end = resolve;
    });
    if (this.#isOver) return;
    const watch = this.#watchTopics(topics);
    // Nothing matches yet: whatever comes is new.
    if (topics.length === 0) this.#stand();
    else this.#membership = new Membership(link.client, this.#places.groupId, topics, options, this);
    const membership = this.#membership;
    try {
      await Promise.race([membership?.start().then(async () => ending), ending]);
      const error = await ending;
      if (error !== undefined) throw error;
    } finally {
      watch?.stop();
      this.#membership = undefined;
      this.#deal++;
      await membership?.stop();
    }
  }

  #watchTopics(topics: readonly string[]): TopicWatch | undefined {
    if (this.#patterns.length === 0) return undefined;
    const end = this.#end;
    return new TopicWatch(this.#around, async () => {
      const wanted = await this.#wanted();
      if (wanted.join() !== topics.join()) end();
    });
  }

  /** It was ours, and is: what is out goes on. */
  #keep(membership: Membership, log: PartitionLog): void {
    membership.seek(log.topic, log.partition, log.next);
    log.isPaused = log.isFull;
    if (log.isPaused) membership.pause(log.topic, log.partition);
    else membership.resume(log.topic, log.partition);
  }

  #drop(name: string, log: PartitionLog, why: string): void {
    this.logs.delete(name);
    log.isLost = true;
    this.#acknowledger.dropped(log);
    this.#user.lost(log, why);
  }

  /** Goes on where the group is. Nothing is begun before the whole group has a place everywhere, so that nobody begins behind what was published since. */
  async #take(membership: Membership, dealt: readonly DealtPartition[], deal: number): Promise<void> {
    const isOver = (): boolean => deal !== this.#deal || this.#isOver;
    while (!isOver()) {
      try {
        const places = await this.#begun(membership, dealt);
        if (isOver()) return;
        if (places !== undefined) return this.#goOnAll(dealt, places);
      } catch {
        this.#around.link.suspect();
      }
      await pause(LOOK_MS, this.#around.options.scheduler);
    }
  }

  /** The group's places, if it has all. One member gives those that are missing, at once, so that a group has begun in all partitions or in none. */
  async #begun(membership: Membership, dealt: readonly DealtPartition[]): Promise<Places | undefined> {
    await this.#acknowledger.fence(dealt);
    const places = await this.#places.read();
    const missing = this.#places.missing(membership.topics, places);
    if (missing.length === 0) return places;
    const isBeginner = dealt.some(({ topic, partition }) => topic === membership.topics[0] && partition === 0);
    if (!isBeginner) return undefined;
    const deal = this.#deal;
    const beginnings = await this.#places.beginnings(missing, this.#hasBegun || places.size > 0);
    if (deal === this.#deal) await membership.commit(beginnings);
    return undefined;
  }

  #goOnAll(dealt: readonly DealtPartition[], places: Places): void {
    for (const partition of dealt) this.#goOn(partition, places);
    this.#stand();
  }

  #goOn({ topic, partition, name }: DealtPartition, places: Places): void {
    const place = places.get(name)!;
    const before = this.logs.get(name);
    if (before !== undefined) {
      if (this.#acknowledger.isSure(before)) return;
      const isOurs = [before.committed, ...before.attempts].some(
        (own) => own.offset === place.offset && own.metadata === place.metadata,
      );
      before.commit(place);
      if (isOurs) return;
      this.#drop(name, before, 'another member of the group has gone on with its partition');
    }
    const log = new PartitionLog(
      topic,
      partition,
      place,
      readBeyond(place.offset, place.metadata),
      topic !== this.#retryTopic,
    );
    this.logs.set(name, log);
    if (before !== undefined) this.#membership?.seek(topic, partition, log.next);
  }

  #stand(): void {
    this.#hasBegun = true;
    this.#user.stands();
  }

  #whileAlive(payload: KafkaBatchPayload, promise: Promise<void>): Promise<void> {
    const { scheduler, heartbeatMs } = this.#around.options;
    return whileAlive(promise, async () => payload.heartbeat(), heartbeatMs, scheduler);
  }

  async #deleteGroup(): Promise<void> {
    // While it has members, it stays.
    await this.#around.link.ask(async (admin) => admin.deleteGroups([this.#places.groupId])).catch(() => undefined);
  }
}

function isPattern(topic: string): boolean {
  return /[*>]/u.test(topic);
}
