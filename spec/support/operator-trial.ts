import { finalize, Observable, of, type OperatorFunction, Subject, type Subscriber, Subscription } from 'rxjs';
import { SteppedClock } from './stepped-clock.ts';
import { settled } from './virtual-clock.ts';

/** What an operator is made with. */
export interface OperatorSetup {
  /** For all of its timers. */
  readonly scheduler: SteppedClock;
  /** The work on an item, for operators that do some; its one value is the item. */
  readonly work: (item: number) => Observable<number>;
}

/** How an operator is made, and how its values are read. */
export interface OperatorForm {
  /** Makes it so that it lets every item pass, none overtaking another, and works on at most one at a time. */
  make(setup: OperatorSetup): OperatorFunction<number, unknown>;
  /** Reads the items of a value. @defaultValue the value is the item */
  itemsOf?(value: unknown): readonly unknown[];
}

/** The most steps of a run: beyond it, something sets timers for ever. */
const MAX_STEPS = 1_000_000;

/** An operator in virtual time, and what a subscriber to its result is told. */
export class Trial {
  /** The items, and then how it ended: `'complete'`, or the error. */
  readonly told: unknown[] = [];
  /** How many values it was told: a batch is one. */
  values = 0;
  hasEnded = false;
  subscription: Subscription = Subscription.EMPTY;
  readonly clock: SteppedClock;
  readonly operator: OperatorFunction<number, unknown>;
  readonly #form: OperatorForm;

  constructor(
    form: OperatorForm,
    work: OperatorSetup['work'] = (item) => of(item),
    clock: SteppedClock = new SteppedClock(),
  ) {
    this.#form = form;
    this.clock = clock;
    this.operator = form.make({ scheduler: clock, work });
  }

  /** A second one, with the very same operator. */
  another(): Trial {
    const { operator, clock } = this;
    return new Trial({ ...this.#form, make: () => operator }, undefined, clock);
  }

  /** Subscribes, and returns the source. `onItem` is called with each item, when all of its batch are written down. */
  watch(onItem?: (item: unknown) => void): Subject<number> {
    const source$ = new Subject<number>();
    this.subscribeTo(source$.pipe(this.operator), onItem);
    return source$;
  }

  subscribeTo(result$: Observable<unknown>, onItem?: (item: unknown) => void): void {
    this.subscription = result$.subscribe({
      next: (value) => {
        const items = this.itemsOf(value);
        this.values++;
        this.told.push(...items);
        if (onItem !== undefined) items.forEach(onItem);
      },
      error: (error) => this.#end(error),
      complete: () => this.#end('complete'),
    });
  }

  itemsOf(value: unknown): readonly unknown[] {
    return this.#form.itemsOf?.(value) ?? [value];
  }

  /** Lets time go on by so many timers, or for as long as there are any. */
  async run(steps: number = Infinity): Promise<void> {
    for (let step = 0; step < steps; step++) {
      if (step === MAX_STEPS) throw new Error(`Expected the timers to end, got ${MAX_STEPS} of them.`);
      await settled();
      if (!this.clock.step()) return;
    }
    await settled();
  }

  /** Lets time go on until its end is told, and not a moment longer. */
  async runToEnd(): Promise<void> {
    for (let step = 0; step < MAX_STEPS && !this.hasEnded; step++) await this.run(1);
  }

  #end(how: unknown): void {
    this.told.push(how);
    this.hasEnded = true;
  }
}

/** How a source goes on. */
export type Move = number | 'complete' | 'error';

/** A source that tells whatever it likes, also after its end and after nobody listens any more. */
export class RudeSource extends Observable<number> {
  subscriptions = 0;
  #subscriber: Subscriber<number> | undefined;
  #end: 'complete' | 'error' | undefined;

  constructor() {
    super((subscriber) => {
      this.subscriptions++;
      this.#subscriber = subscriber;
      if (this.#end !== undefined) this.#make(this.#end);
    });
  }

  tell(...moves: Move[]): void {
    for (const move of moves) {
      this.#make(move);
      // Who subscribes again hears how it ended first.
      if (typeof move !== 'number') this.#end ??= move;
    }
  }

  #make(move: Move): void {
    if (move === 'complete') this.#subscriber?.complete();
    else if (move === 'error') this.#subscriber?.error(broken);
    else this.#subscriber?.next(move);
  }
}

/** The error of sources and works that fail. */
export const broken = new Error('broken');

/** A source that never waits, and looks only between two items whether it has been released. */
export class HastySource extends Observable<number> {
  produced = 0;
  isReleased = false;

  constructor(itemCount: number) {
    super((subscriber) => {
      subscriber.add(() => (this.isReleased = true));
      while (this.produced < itemCount && !subscriber.closed) subscriber.next(this.produced++);
      subscriber.complete();
    });
  }
}

/** Works that are watched. */
export class Works {
  readonly begun: number[] = [];
  active = 0;
  readonly work: OperatorSetup['work'];

  constructor(work: OperatorSetup['work']) {
    this.work = (item) => {
      this.begun.push(item);
      this.active++;
      return work(item).pipe(finalize(() => this.active--));
    };
  }
}
