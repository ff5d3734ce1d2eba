import type { SchedulerLike } from 'rxjs';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { MemoryGroupStats } from './memory-group.ts';

/**
 * What a store does with a message for which there is no room, because groups have not settled so many others. `suspend`: its publisher waits. `fail`:
 * its publisher is refused with an OverflowError. `drop-oldest`: the group in which most waits gives up what has waited longest; when all is
 * in the hands of consumers, the publisher waits.
 */
export type StoreOverflow = 'drop-oldest' | 'fail' | 'suspend';

/** How a store is made. */
export interface MemoryBrokerStoreOptions {
  /** Messages that groups may have yet to settle, all together; ≥ 1, or Infinity. @defaultValue 100_000 */
  readonly capacity?: number;
  /** What happens to a message beyond the capacity. @defaultValue 'suspend' */
  readonly overflow?: StoreOverflow;
  /** Messages that are kept, beyond those, for groups that begin later; what was settled first goes first. ≥ 0, or Infinity. @defaultValue 10_000 */
  readonly historySize?: number;
  /**
   * Milliseconds for which a second message of the same id, to whatever topic, is not kept; ≥ 0, where 0 keeps all. At most 100,000 ids are remembered.
   * @defaultValue 120_000, as JetStream's
   */
  readonly deduplicationWindowMs?: number;
  /**
   * What a group is given in order, across redelivery: `key`, messages of one key, whatever their topics; `total`, all, which leaves it one
   * delivery at a time; `none`, nothing.
   * @defaultValue 'key'
   */
  readonly order?: BrokerCapabilities['order'];
  /** The clock, and the timers of leases and delays. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** The options with their defaults. */
export type CheckedStoreOptions = Required<MemoryBrokerStoreOptions>;

/** What lies behind memory brokers, and outlives them: the part of the server. Made by `memoryBrokerStore()`. */
export interface MemoryBrokerStore {
  /** What it holds, now. */
  stats(): MemoryBrokerStats;
  /** Forgets a group and what waits for it. @returns `false` for one that is unknown, or has a subscription that is open */
  deleteGroup(name: string): boolean;
}

/** What a store holds. */
export interface MemoryBrokerStats {
  /** Messages that are kept: unsettled, and history. */
  readonly stored: number;
  /** Those that some group has yet to settle; no more than the capacity, but for dead letters and groups that begin from history. */
  readonly unsettled: number;
  /** Copies that were given up with `overflow: 'drop-oldest'`. */
  readonly dropped: number;
  /** Calls of `publish` that wait for room. */
  readonly suspended: number;
  /** Each group that ever began, until it is deleted. */
  readonly groups: readonly MemoryGroupStats[];
}
