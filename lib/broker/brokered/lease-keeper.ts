import type { SchedulerLike, Subscription } from 'rxjs';
import type { BrokerDelivery } from '../broker-delivery.ts';
import { DeliveryLostError } from '../delivery-lost-error.ts';

/** Renews the leases of deliveries that are at work, or wait for it, so that they may take as long as they need. */
export class LeaseKeeper {
  readonly #everyMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #onFailed: (error: unknown) => void;
  readonly #kept = new Set<BrokerDelivery>();
  #timer: Subscription | undefined;

  /** @param onFailed - told of a lease that could not be renewed, though it was not lost */
  constructor(leaseMs: number, scheduler: SchedulerLike, onFailed: (error: unknown) => void) {
    // Two renewals may go missing.
    this.#everyMs = leaseMs / 3;
    this.#scheduler = scheduler;
    this.#onFailed = onFailed;
  }

  keep(delivery: BrokerDelivery): void {
    this.#kept.add(delivery);
    this.#timer ??= this.#scheduler.schedule(() => this.#renew(), this.#everyMs);
  }

  letGo(delivery: BrokerDelivery): void {
    this.#kept.delete(delivery);
    if (this.#kept.size === 0) this.#rest();
  }

  /** Lets all go. */
  close(): void {
    this.#kept.clear();
    this.#rest();
  }

  #rest(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  #renew(): void {
    this.#timer = this.#scheduler.schedule(() => this.#renew(), this.#everyMs);
    for (const delivery of this.#kept) {
      // Whoever handles it learns of the loss when it settles.
      if (delivery.isOver) this.letGo(delivery);
      else delivery.extend().catch((error: unknown) => this.#failed(error));
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof DeliveryLostError)) this.#onFailed(error);
  }
}
