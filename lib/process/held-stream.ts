import { Subject, type Subscriber, type Subscription } from 'rxjs';
import { OverflowError } from '../core/errors.ts';
import { assertNever } from '../core/options.ts';
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

  subscribe(subscriber: Subscriber<Value>): Subscription {
    const subscription = this.#subject.subscribe(subscriber);
    this.#tell();
    return subscription;
  }

  next(value: Value): void {
    const { capacity } = this.#options;
    if (this.#end !== undefined) this.#drop(value);
    else if (!this.#subject.observed && this.#held.size >= capacity) this.#overflow(value);
    else this.#held.push(value);
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
    if (this.#held.size === 0) this.#end?.();
  }

  #overflow(value: Value): void {
    const { name, overflow } = this.#options;
    switch (overflow) {
      case 'drop-oldest':
        this.#drop(this.#held.shift() as Value);
        this.#held.push(value);
        return;
      case 'drop-newest':
        this.#drop(value);
        return;
      case 'fail':
        this.#drop(value);
        this.error(
          new OverflowError(
            `the ${name}, which nobody reads`,
            'Subscribe to them, raise capacity, or choose another overflow.',
          ),
        );
        return;
      default:
        assertNever(overflow);
    }
  }

  #drop(value: Value): void {
    this.#options.onDropped?.(value);
  }
}
