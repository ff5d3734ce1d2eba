import { Subject, type Subscriber } from 'rxjs';
import { OverflowError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';

/** What a stream does with values beyond those that it can keep. */
export type HeldOverflow = 'drop-newest' | 'drop-oldest' | 'fail';

/** How much is kept, and what happens to the rest. */
export interface HeldStreamOptions<Value> {
  readonly name: string;
  readonly capacity: number;
  readonly overflow: HeldOverflow;
  readonly onDropped: ((value: Value) => void) | undefined;
}

/** A stream that keeps its values, so many at most, while it has no subscriber. They go to the first that comes. */
export class HeldStream<Value> {
  readonly #options: HeldStreamOptions<Value>;
  readonly #subject = new Subject<Value>();
  readonly #held = new RingBuffer<Value>();
  #isTelling = false;
  /** What is told when all that is held has been. */
  #end: (() => void) | undefined;

  constructor(options: HeldStreamOptions<Value>) {
    this.#options = options;
  }

  subscribe(subscriber: Subscriber<Value>): void {
    this.#subject.subscribe(subscriber);
    this.#tell();
  }

  next(value: Value): void {
    if (this.#end !== undefined) {
      this.#options.onDropped?.(value);
      return;
    }
    this.#held.push(value);
    this.#tell();
  }

  error(error: unknown): void {
    this.#end ??= () => this.#subject.error(error);
    this.#tell();
  }

  complete(): void {
    this.#end ??= () => this.#subject.complete();
    this.#tell();
  }

  /** A loop: what comes while something is told is told after it. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#held.size > 0 && this.#subject.observed) this.#subject.next(this.#held.shift() as Value);
    this.#isTelling = false;
    if (this.#held.size > this.#options.capacity) this.#letGo();
    if (this.#held.size === 0) this.#end?.();
  }

  /** Lets go of what is too much. All else is in its place before anybody is told of it, who may send more, subscribe or throw. */
  #letGo(): void {
    const { capacity, overflow, onDropped } = this.#options;
    const dropped: Value[] = [];
    while (this.#held.size > capacity) {
      if (overflow === 'drop-oldest') dropped.push(this.#held.shift() as Value);
      else dropped.unshift(this.#held.pop() as Value);
    }
    if (overflow === 'fail') this.#fail();
    for (const value of dropped) onDropped?.(value);
  }

  /** Even where the end has come already: it is not that of all values. */
  #fail(): void {
    const { name } = this.#options;
    const error = new OverflowError(
      `the ${name}, which nobody reads`,
      'Subscribe to them, raise capacity, or choose another overflow.',
    );
    this.#end = () => this.#subject.error(error);
  }
}
