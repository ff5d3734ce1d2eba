import type { SchedulerLike, Subscription } from 'rxjs';
import type { GroupCopy } from './group-copy.ts';

interface Rest {
  readonly copy: GroupCopy;
  readonly dueAt: number;
  timer: Subscription | undefined;
}

/** The copies that were handed back for later. Their timers run while somebody is there to take them: nobody keeps a program alive by having left it. */
export class RestingCopies {
  readonly #scheduler: SchedulerLike;
  readonly #onDue: (copy: GroupCopy) => void;
  readonly #rests = new Set<Rest>();

  constructor(scheduler: SchedulerLike, onDue: (copy: GroupCopy) => void) {
    this.#scheduler = scheduler;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#rests.size;
  }

  add(copy: GroupCopy, delayMs: number): void {
    const rest: Rest = { copy, dueAt: this.#scheduler.now() + delayMs, timer: undefined };
    this.#rests.add(rest);
    this.#schedule(rest);
  }

  start(): void {
    for (const rest of this.#rests) this.#schedule(rest);
  }

  stop(): void {
    for (const { timer } of this.#rests) timer?.unsubscribe();
  }

  *[Symbol.iterator](): IterableIterator<GroupCopy> {
    for (const { copy } of this.#rests) yield copy;
  }

  #schedule(rest: Rest): void {
    const delayMs = Math.max(0, rest.dueAt - this.#scheduler.now());
    rest.timer = this.#scheduler.schedule(() => {
      this.#rests.delete(rest);
      this.#onDue(rest.copy);
    }, delayMs);
  }
}
