import type { SchedulerLike, Subscription } from 'rxjs';
import type { Broker } from '../../broker/broker.ts';

/** The brokers of a run. */
export class OpenBrokers {
  readonly #makeBroker: () => Broker | Promise<Broker>;
  readonly #brokers = new Set<Broker>();

  constructor(makeBroker: () => Broker | Promise<Broker>) {
    this.#makeBroker = makeBroker;
  }

  async open(): Promise<Broker> {
    const broker = await this.#makeBroker();
    this.#brokers.add(broker);
    return broker;
  }

  async closeAll(): Promise<void> {
    await Promise.all(Array.from(this.#brokers, async (broker) => broker.close()));
  }

  /** Closes them as well as they can be, within some time. */
  async abandon(scheduler: SchedulerLike, patienceMs: number): Promise<void> {
    const closed = this.closeAll().catch(() => undefined);
    let timer: Subscription | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = scheduler.schedule(() => resolve(), patienceMs);
    });
    await Promise.race([closed, isOver]);
    timer?.unsubscribe();
  }
}
