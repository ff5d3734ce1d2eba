import type { SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';
import type { DeadLetterOptions, SubscribeOptions } from './broker-subscription.ts';
import type { CheckedSubscription } from './check-subscription.ts';
import type { CheckedStoreOptions, MemoryBrokerStats, MemoryBrokerStore } from './memory-broker-options.ts';
import { deadLetterOf } from './dead-letter-message.ts';
import type { GroupCopy } from './group-copy.ts';
import { MemoryGroup } from './memory-group.ts';
import { MemoryLetterStore } from './memory-letter-store.ts';
import { MemoryLog, type StoredMessage } from './memory-log.ts';
import { PublishLine, type Shelf } from './publish-line.ts';
import { RecentIds } from './recent-ids.ts';

/** What becomes of a copy that is out. */
export type CopyEnd = 'acknowledged' | 'handed back' | { readonly delayMs: number };

/** The server behind memory brokers: the log, its groups, and who waits to publish. */
export class MemoryStore implements MemoryBrokerStore, Shelf {
  readonly options: CheckedStoreOptions;
  readonly scheduler: SchedulerLike;
  readonly line: PublishLine;
  readonly #log: MemoryLog;
  readonly #recent: RecentIds;
  readonly #groups = new Map<string, MemoryGroup>();
  readonly #letterStores = new Map<string, MemoryLetterStore>();
  #dropped = 0;

  constructor(options: CheckedStoreOptions) {
    this.options = options;
    this.scheduler = options.scheduler;
    this.line = new PublishLine(this, options.overflow !== 'fail');
    this.#log = new MemoryLog(options.historySize);
    this.#recent = new RecentIds(options.deduplicationWindowMs, options.scheduler);
  }

  /** Whether a message finds room now; history makes room by itself. */
  hasRoomFor({ id, topic }: BrokerMessage): boolean {
    if (this.#log.unsettled < this.options.capacity || this.#recent.has(id)) return true;
    return !this.#isWanted(topic) || (this.options.overflow === 'drop-oldest' && this.#makeRoom());
  }

  /** Keeps a message, and gives each group that wants it a copy. */
  accept(message: BrokerMessage): PublishReceipt {
    const { id, topic } = message;
    const isRouted = this.options.historySize > 0 || this.#isWanted(topic);
    if (this.#recent.has(id)) return { id, isDuplicate: true, isRouted };
    this.#recent.add(id);
    const { sequence } = this.#append(message);
    return { id, isDuplicate: false, sequence, isRouted };
  }

  /** The group that a subscription names; it begins now if there is none. */
  group({ group: name, topics, from }: CheckedSubscription): MemoryGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return expectTopics(known, topics);
    const group = new MemoryGroup(name, topics, this.options.order, this.scheduler);
    this.#groups.set(name, group);
    if (from === 'new') return group;
    for (const stored of this.#log.select((kept) => isFrom(kept, from) && group.wants(kept.message.topic))) {
      this.#log.owe(stored);
      group.add(stored);
    }
    return group;
  }

  deleteGroup(name: string): boolean {
    const group = this.#groups.get(name);
    if (group === undefined || group.hasMembers) return false;
    this.#groups.delete(name);
    for (const stored of group.dropAll()) this.#log.settle(stored);
    this.line.advance();
    return true;
  }

  /** The letters of a name. */
  letterStore(name: string): MemoryLetterStore {
    let store = this.#letterStores.get(name);
    if (store === undefined) this.#letterStores.set(name, (store = new MemoryLetterStore()));
    return store;
  }

  /** What a subscription has done with a copy. */
  settle(group: MemoryGroup, copy: GroupCopy, end: CopyEnd, deadLetter: DeadLetterOptions | undefined): void {
    if (end !== 'acknowledged' && (deadLetter === undefined || copy.deliveryCount < deadLetter.maxDeliveries)) {
      if (end === 'handed back') group.handBack(copy);
      else group.handBackLater(copy, end.delayMs);
      return;
    }
    // Stored before it is settled: there is no moment in which it is nowhere.
    if (end !== 'acknowledged') this.#append(deadLetterOf(copy, group.name, deadLetter!));
    this.#log.settle(copy.stored);
    group.settle(copy);
    this.line.advance();
  }

  stats(): MemoryBrokerStats {
    return {
      stored: this.#log.size,
      unsettled: this.#log.unsettled,
      dropped: this.#dropped,
      suspended: this.line.size,
      groups: Array.from(this.#groups.values(), (group) => group.stats()),
    };
  }

  #append(message: BrokerMessage): StoredMessage {
    const stored = this.#log.append(message, this.scheduler.now());
    const groups = [...this.#groups.values()].filter((group) => group.wants(message.topic));
    for (const group of groups) {
      this.#log.owe(stored);
      group.add(stored);
    }
    if (groups.length === 0) this.#log.release(stored);
    return stored;
  }

  #isWanted(topic: string): boolean {
    for (const group of this.#groups.values()) if (group.wants(topic)) return true;
    return false;
  }

  /** The groups in which most waits give up their oldest, until there is room. */
  #makeRoom(): boolean {
    while (this.#log.unsettled >= this.options.capacity) {
      const [fullest] = [...this.#groups.values()].toSorted((one, other) => other.waitingFirst - one.waitingFirst);
      const oldest = fullest?.dropOldest();
      if (oldest === undefined) return false;
      this.#dropped++;
      this.#log.settle(oldest);
    }
    return true;
  }
}

function expectTopics(group: MemoryGroup, topics: readonly string[]): MemoryGroup {
  if (group.topics.toSorted().join() === topics.toSorted().join()) return group;
  throw new InvalidOptionError(
    `Expected group '${group.name}' to subscribe to the topics that it has, '${group.topics.join("', '")}', got '${topics.join("', '")}'. Choose another group, or delete this one first.`,
  );
}

function isFrom(
  { sequence, storedAt }: StoredMessage,
  from: Exclude<NonNullable<SubscribeOptions['from']>, 'new'>,
): boolean {
  if (from === 'earliest') return true;
  return 'time' in from ? storedAt >= from.time : sequence >= from.sequence;
}
