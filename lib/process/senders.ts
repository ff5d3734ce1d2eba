import { Chain, type Linked } from '../core/chain.ts';
import type { Settlement } from '../core/outcome.ts';
import type { Delivery, SettlementListener } from './delivery.ts';
import type { AcceptedEvent } from './processor.ts';

/** A producer that waits for room, with what it wants to hand over. */
export class Sender<Item> implements Linked<Sender<Item>> {
  previous: Sender<Item> | undefined = undefined;
  next: Sender<Item> | undefined = undefined;
  readonly delivery: Delivery<Item>;
  readonly onTaken: (() => void) | undefined;
  readonly onRefused: (error: unknown) => void;
  isWaiting = true;

  constructor(delivery: Delivery<Item>, onTaken: (() => void) | undefined, onRefused: (error: unknown) => void) {
    this.delivery = delivery;
    this.onTaken = onTaken;
    this.onRefused = onRefused;
  }
}

/** The producers that wait for room: first in, first out. */
export class Senders<Item> {
  readonly #chain = new Chain<Sender<Item>>();

  get size(): number {
    return this.#chain.size;
  }

  push(sender: Sender<Item>): void {
    this.#chain.push(sender);
  }

  shift(): Sender<Item> | undefined {
    const { first } = this.#chain;
    if (first !== undefined) this.withdraw(first);
    return first;
  }

  /** Takes back what has not been handed over yet. */
  withdraw(sender: Sender<Item>): void {
    if (!sender.isWaiting) return;
    sender.isWaiting = false;
    this.#chain.remove(sender);
  }

  list(): readonly Sender<Item>[] {
    return [...this.#chain];
  }
}

/** Hands over an event by callbacks, and answers with a promise. */
export function sendWith(
  signal: AbortSignal | undefined,
  handOver: (
    onSettled: SettlementListener,
    onTaken: () => void,
    onRefused: (error: unknown) => void,
  ) => (() => void) | undefined,
): Promise<AcceptedEvent> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let settle: SettlementListener | undefined;
    const settled = new Promise<Settlement>((done) => (settle = done));
    const withdraw = handOver(
      (settlement) => settle?.(settlement),
      () => {
        signal?.removeEventListener('abort', abort);
        resolve({ settled });
      },
      (error) => {
        signal?.removeEventListener('abort', abort);
        reject(error);
      },
    );
    function abort(): void {
      withdraw?.();
      reject(signal?.reason);
    }
    if (withdraw !== undefined) signal?.addEventListener('abort', abort, { once: true });
  });
}
