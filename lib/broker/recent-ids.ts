import type { SchedulerLike } from 'rxjs';
import { AgedMap } from '../core/aged-map.ts';

/** However long the window is, memory has a bound: beyond it, the oldest ids are forgotten early. */
const MOST_IDS = 100_000;

/** The ids that were published a short while ago. */
export class RecentIds {
  readonly #windowMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #publishedAt = new AgedMap<string, number>();

  constructor(windowMs: number, scheduler: SchedulerLike) {
    this.#windowMs = windowMs;
    this.#scheduler = scheduler;
  }

  has(id: string): boolean {
    this.#forgetOld();
    return this.#publishedAt.has(id);
  }

  add(id: string): void {
    if (this.#windowMs > 0) this.#publishedAt.set(id, this.#scheduler.now());
  }

  #forgetOld(): void {
    const before = this.#scheduler.now() - this.#windowMs;
    for (let { oldest } = this.#publishedAt; oldest !== undefined; { oldest } = this.#publishedAt) {
      if (oldest.value > before && this.#publishedAt.size <= MOST_IDS) return;
      this.#publishedAt.delete(oldest.key);
    }
  }
}
