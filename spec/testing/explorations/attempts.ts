import type { HandlerContext } from 'millrace';
import { expectThat } from './expect-that.ts';

/** What attempts are held to. */
export interface AttemptLaws<Item> {
  readonly concurrency: number;
  readonly maxAttempts: number;
  /** In which an item must wait for those before it. */
  readonly laneOf: (item: Item) => string | undefined;
  /** Whether the items of a lane start in the order of their numbers, and end before the next one starts. */
  readonly isOrdered: boolean;
}

/** The attempts of one handler, as the handler itself sees them. */
export class Attempts<Item extends { readonly number: number }> {
  /** Items that an attempt brought to a good end, while it still counted. */
  succeeded = 0;
  readonly #laws: AttemptLaws<Item>;
  readonly #active = new Set<Item>();
  readonly #made = new Map<Item, number>();
  readonly #ended = new Set<Item>();
  readonly #lastStarted = new Map<string, number>();

  constructor(laws: AttemptLaws<Item>) {
    this.#laws = laws;
  }

  /** Does an attempt's work, after `start`. */
  follow<Context extends HandlerContext>(
    item: Item,
    context: Context,
    work: (item: Item, context: Context) => unknown,
  ): unknown {
    this.#active.add(item);
    let isOver = false;
    const end = (hasSucceeded: boolean): void => {
      if (isOver) return;
      isOver = true;
      this.#active.delete(item);
      if (!hasSucceeded) return;
      this.succeeded++;
      this.#ended.add(item);
    };
    context.signal.addEventListener('abort', () => end(false), { once: true });
    try {
      const result = work(item, context);
      if (result instanceof Promise) {
        result.then(
          () => end(true),
          () => end(false),
        );
      } else {
        end(true);
      }
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  }

  /** An attempt is about to be made. @throws if it must not */
  start(item: Item, { signal, attempt }: HandlerContext): void {
    const { concurrency, maxAttempts, laneOf, isOrdered } = this.#laws;
    const made = (this.#made.get(item) ?? 0) + 1;
    this.#made.set(item, made);
    expectThat(!this.#active.has(item), 'one attempt of an event at a time', item);
    expectThat(!this.#ended.has(item), 'no attempt of an event that was handled', item);
    expectThat(this.#active.size < concurrency, `at most ${concurrency} at work`, [...this.#active]);
    expectThat(made <= maxAttempts, `at most ${maxAttempts} attempts`, item);
    expectThat(attempt <= made, 'no attempt that was never made to be counted', { attempt, made });
    expectThat(!signal.aborted, 'a signal that is not aborted yet', item);
    const lane = laneOf(item);
    if (lane !== undefined) {
      const others = [...this.#active].filter((other) => laneOf(other) === lane);
      expectThat(others.length === 0, 'one event of a lane at work at a time', [item, ...others]);
      const last = this.#lastStarted.get(lane) ?? -1;
      if (isOrdered) expectThat(item.number >= last, 'the order in which events were sent', { item, last });
      this.#lastStarted.set(lane, item.number);
    }
  }
}
