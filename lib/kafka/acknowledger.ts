import type { SettleOnce } from '../broker/settle-once.ts';
import type { DealtPartition } from './group-places.ts';
import type { Held, PartitionLog } from './partition-log.ts';
import type { Outbound } from './wire.ts';

/** How acknowledgements get to the server. */
export interface Acknowledger {
  /** Ends what former owners of these partitions may still do, so that where the group is then, it stays. */
  fence(partitions: readonly DealtPartition[]): Promise<void>;
  /**
   * It is settled in its log already; these are to be published with it.
   *
   * @returns undefined if there is nothing to wait for
   * @throws DeliveryLostError if it is not ours any more
   */
  ack(delivery: SettleOnce<Held>, publish: readonly Outbound[]): Promise<void> | undefined;
  /** Partitions are going to be dealt out again. */
  rebalancing(): void;
  /** It is ours no more. */
  dropped(log: PartitionLog): void;
  /** Whether nobody can have had a partition in between that stays ours. */
  isSure(log: PartitionLog): boolean;
  /** Gets to the server what it can, within a time; then it is over. */
  finish(logs: Iterable<PartitionLog>, limitMs: number): Promise<void>;
}
