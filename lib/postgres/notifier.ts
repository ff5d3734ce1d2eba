import type { SchedulerLike } from 'rxjs';
import type { Connections, NamedStatement } from './connections.ts';
import { named } from './statements.ts';

/** How often other processes are told at most, in milliseconds. */
const PAUSE_MS = 20;

/**
 * Tells other processes that there is something to read: at once, and then at most every 20 ms. It is not part of the append: the server commits
 * transactions that notify one after the other, which would halve what eight writers can do. What a crash leaves untold is found by polling.
 */
export class Notifier {
  readonly #connections: Connections;
  readonly #statement: NamedStatement = named('select pg_notify($1, $2)');
  readonly #values: readonly [channel: string, sender: string];
  readonly #scheduler: SchedulerLike;
  #isPausing = false;
  #isDue = false;

  constructor(connections: Connections, channel: string, sender: string, scheduler: SchedulerLike) {
    this.#connections = connections;
    this.#values = [channel, sender];
    this.#scheduler = scheduler;
  }

  /** There is something to read. */
  tell(): void {
    this.#isDue = true;
    if (this.#isPausing) return;
    this.#isPausing = true;
    void this.flush();
    this.#scheduler.schedule(() => {
      this.#isPausing = false;
      if (this.#isDue) this.tell();
    }, PAUSE_MS);
  }

  /** Tells what was not told yet. */
  async flush(): Promise<void> {
    if (!this.#isDue) return;
    this.#isDue = false;
    // Whoever cannot be told will poll.
    await this.#connections.write(this.#statement, [...this.#values]).catch(() => undefined);
  }
}
