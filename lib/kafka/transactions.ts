import { DeliveryLostError } from '../broker/delivery-lost-error.ts';
import type { SettleOnce } from '../broker/settle-once.ts';
import type { Acknowledger } from './acknowledger.ts';
import { type DealtPartition, type GroupPlaces, placeName } from './group-places.ts';
import type { Held, PartitionLog } from './partition-log.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { TransactionLine } from './transaction-line.ts';
import type { Outbound } from './wire.ts';

/** Acknowledges in transactions, a line of them for each partition. */
export class Transactions implements Acknowledger {
  readonly #around: SubscriptionSurroundings;
  readonly #places: GroupPlaces;
  readonly #onLost: (log: PartitionLog, why: string) => void;
  readonly #lines = new Map<string, TransactionLine>();
  readonly #closing = new Set<Promise<void>>();
  #isOver = false;

  constructor(around: SubscriptionSurroundings, places: GroupPlaces, onLost: (log: PartitionLog, why: string) => void) {
    this.#around = around;
    this.#places = places;
    this.#onLost = onLost;
  }

  async fence(partitions: readonly DealtPartition[]): Promise<void> {
    const strange = partitions.filter(({ name }) => !this.#lines.has(name));
    await Promise.all(strange.map(async ({ name }) => this.#open(name)));
  }

  async ack(delivery: SettleOnce<Held>, publish: readonly Outbound[]): Promise<void> {
    const { topic, partition } = delivery.tag.log;
    const line = this.#lines.get(placeName(topic, partition));
    if (line !== undefined) return line.ack(delivery, publish);
    throw new DeliveryLostError(delivery.message.id, 'its partition went to another member of the group');
  }

  rebalancing(): void {
    // What is done is there already.
  }

  dropped({ topic, partition }: PartitionLog): void {
    const name = placeName(topic, partition);
    const line = this.#lines.get(name);
    this.#lines.delete(name);
    if (line !== undefined) this.#end(line);
  }

  /** As long as its line stands, nobody has come between. */
  isSure({ topic, partition }: PartitionLog): boolean {
    return this.#lines.has(placeName(topic, partition));
  }

  async finish(): Promise<void> {
    this.#isOver = true;
    for (const line of this.#lines.values()) this.#end(line);
    this.#lines.clear();
    await Promise.all(this.#closing);
  }

  async #open(name: string): Promise<void> {
    const line = new TransactionLine(this.#around, this.#places, name, this.#onLost);
    try {
      await line.open();
      if (this.#isOver) throw new Error('The subscription was closed.');
      this.#lines.set(name, line);
    } catch (error) {
      await line.close();
      throw error;
    }
  }

  #end(line: TransactionLine): void {
    const closing = line.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
