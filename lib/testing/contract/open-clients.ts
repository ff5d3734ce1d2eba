import type { SchedulerLike, Subscription } from 'rxjs';

/** The brokers or stores of a run. */
export class OpenClients<Client extends { close(): Promise<void> }> {
  readonly #make: () => Client | Promise<Client>;
  readonly #clients = new Set<Client>();

  constructor(make: () => Client | Promise<Client>) {
    this.#make = make;
  }

  async open(): Promise<Client> {
    const client = await this.#make();
    this.#clients.add(client);
    return client;
  }

  async closeAll(): Promise<void> {
    await Promise.all(Array.from(this.#clients, async (client) => client.close()));
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
