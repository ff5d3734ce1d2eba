import type { SchedulerLike, Subscription } from 'rxjs';
import { expectDelay } from '../core/options.ts';
import type { BrokerDelivery, NackOptions } from './broker-delivery.ts';
import type { BrokerMessage } from './broker-message.ts';
import { DeliveryLostError } from './delivery-lost-error.ts';
import type { GroupCopy } from './group-copy.ts';

/** What becomes of a copy that is out. */
export type CopyEnd = 'acknowledged' | 'handed back' | { readonly delayMs: number };

/** A copy in the hands of a subscription. It ends once: settled by its owner, or lost to it. */
export class MemoryDelivery implements BrokerDelivery {
  readonly message: BrokerMessage;
  readonly deliveryCount: number;
  readonly sequence: number;
  readonly copy: GroupCopy;
  readonly #scheduler: SchedulerLike;
  readonly #leaseMs: number | undefined;
  readonly #onEnd: (delivery: MemoryDelivery, end: CopyEnd) => void;
  #lease: Subscription | undefined;
  /** Made when the signal is first read. */
  #controller: AbortController | undefined;
  #isSettled = false;
  #lost: DeliveryLostError | undefined;

  constructor(
    copy: GroupCopy,
    leaseMs: number | undefined,
    scheduler: SchedulerLike,
    onEnd: (delivery: MemoryDelivery, end: CopyEnd) => void,
  ) {
    const { message, sequence } = copy.stored;
    this.copy = copy;
    // The bytes are the consumer's own, as they are from a real broker.
    this.message = Object.freeze({ ...message, body: message.body.slice() });
    this.sequence = sequence;
    this.deliveryCount = copy.deliveryCount;
    this.#leaseMs = leaseMs;
    this.#scheduler = scheduler;
    this.#onEnd = onEnd;
    this.#startLease();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort(this.#lost);
    }
    return this.#controller.signal;
  }

  ack(): Promise<void> {
    return this.#settle('acknowledged');
  }

  async nack({ delayMs = 0 }: NackOptions = {}): Promise<void> {
    expectDelay('delayMs', delayMs);
    return this.#settle({ delayMs });
  }

  async extend(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#isSettled) this.#startLease();
  }

  /** It is taken from its owner, and comes again. */
  lose(why: string): void {
    if (this.#isOver) return;
    this.#lost = new DeliveryLostError(this.message.id, why);
    this.#end('handed back');
  }

  get #isOver(): boolean {
    return this.#isSettled || this.#lost !== undefined;
  }

  async #settle(end: CopyEnd): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#end(end);
  }

  #end(end: CopyEnd): void {
    this.#lease?.unsubscribe();
    this.#onEnd(this, end);
    this.#controller?.abort(this.#lost);
  }

  #startLease(): void {
    if (this.#leaseMs === undefined) return;
    this.#lease?.unsubscribe();
    this.#lease = this.#scheduler.schedule(() => this.lose('its lease lapsed'), this.#leaseMs);
  }
}
