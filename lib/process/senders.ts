import { Chain, type Linked } from '../core/chain.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { AcceptedEvent, Delivery } from './delivery.ts';

/** A producer that waits for room, with what it wants to hand over. */
export class Sender<Item> implements Linked<Sender<Item>> {
  previous: Sender<Item> | undefined = undefined;
  next: Sender<Item> | undefined = undefined;
  readonly delivery: Delivery<Item>;
  readonly onTaken: ((accepted: AcceptedEvent) => void) | undefined;
  readonly onRefused: (error: unknown) => void;
  isWaiting = true;

  constructor(
    delivery: Delivery<Item>,
    onTaken: ((accepted: AcceptedEvent) => void) | undefined,
    onRefused: (error: unknown) => void,
  ) {
    this.delivery = delivery;
    this.onTaken = onTaken;
    this.onRefused = onRefused;
  }
}

/** The producers that wait for room: first in, first out. */
export class Senders<Item> {
  private readonly chain = new Chain<Sender<Item>>();
  /** Where a newer event supersedes those of its lane before it, so that one of each lane waits. */
  private readonly byLane: Map<unknown, Sender<Item>> | undefined;

  /** @param isLatestOnly - whether of each lane only the latest waits */
  constructor(isLatestOnly: boolean) {
    this.byLane = isLatestOnly ? new Map() : undefined;
  }

  get size(): number {
    return this.chain.size;
  }

  push(sender: Sender<Item>): void {
    this.chain.push(sender);
    this.byLane?.set(sender.delivery.key, sender);
  }

  /** Where only the latest waits: that of a lane. */
  ofLane(key: unknown): Sender<Item> | undefined {
    return this.byLane?.get(key);
  }

  shift(): Sender<Item> | undefined {
    const { first } = this.chain;
    if (first !== undefined) this.withdraw(first);
    return first;
  }

  /** Takes back what has not been handed over yet. */
  withdraw(sender: Sender<Item>): void {
    if (!sender.isWaiting) return;
    sender.isWaiting = false;
    this.chain.remove(sender);
    const { key } = sender.delivery;
    if (this.byLane?.get(key) === sender) this.byLane.delete(key);
  }

  list(): readonly Sender<Item>[] {
    return [...this.chain];
  }
}

/** Hands over an event, as a gate does. */
export type HandOver = (
  onTaken: (accepted: AcceptedEvent) => void,
  onRefused: (error: unknown) => void,
) => (() => void) | undefined;

/** Hands over an event until a signal is aborted. */
export function sendUntil(signal: AbortSignal, handOver: HandOver): Promise<AcceptedEvent> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let takeBack: (() => void) | undefined;
    const withdraw = handOver(
      (accepted) => {
        takeBack?.();
        resolve(accepted);
      },
      (error) => {
        takeBack?.();
        reject(error);
      },
    );
    function abort(): void {
      withdraw?.();
      reject(signal.reason);
    }
    if (withdraw !== undefined) takeBack = whenAborted(signal, abort);
  });
}
