import * as fc from 'fast-check';
import {
  createDeadLetterQueue,
  type DeadLetter,
  type HandlerContext,
  type Overflow,
  type ProcessorOptions,
  type RedriveReport,
  type Strategy,
  supervise,
  type Supervised,
} from 'millrace';
import { Observable, type OperatorFunction, Subject, type Subscription, take } from 'rxjs';
import { SteppedClock } from './stepped-clock.ts';
import { settled } from './virtual-clock.ts';

interface PlannedAttempt {
  readonly form: 'observable' | 'promise' | 'value';
  readonly fails: boolean;
  /** Not of a value. */
  readonly tookMs: number;
}

interface PlannedItem {
  readonly waitMs: number;
  /** Of `'throws'`, the key function throws. */
  readonly key: string;
  /** The last one is repeated. */
  readonly attempts: readonly PlannedAttempt[];
  /** Whether its reader sends another one when it is told how this one ended. */
  readonly isEchoed: boolean;
}

/** A source, how it is supervised, and how that ends. */
export interface Plan {
  readonly items: readonly PlannedItem[];
  readonly concurrency: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly strategy: Strategy;
  readonly isKeyed: boolean;
  readonly maxAttempts: number;
  readonly timeoutMs: number | undefined;
  /** Only with strategy `'queue'`. */
  readonly batch: { readonly maxSize: number; readonly maxWaitMs: number } | undefined;
  readonly end: 'broken' | 'complete';
  readonly unsubscribeAtMs: number | undefined;
  /** How many results its reader takes. */
  readonly taken: number;
  readonly redriveAtMs: number | undefined;
}

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const plannedAttempts: fc.Arbitrary<PlannedAttempt> = fc.record({
  form: fc.constantFrom('value', 'observable', 'promise'),
  fails: fc.boolean(),
  tookMs: fc.nat({ max: 6 }),
});

export const plans: fc.Arbitrary<Plan> = fc.record({
  items: fc.array(
    fc.record({
      waitMs: fc.nat({ max: 3 }),
      key: fc.constantFrom('a', 'a', 'b', 'b', 'c', 'throws'),
      attempts: fc.array(plannedAttempts, { minLength: 1, maxLength: 3 }),
      isEchoed: fc.boolean(),
    }),
    { maxLength: 20 },
  ),
  concurrency: fc.integer({ min: 1, max: 3 }),
  capacity: fc.constantFrom(0, 1, 2, Infinity),
  overflow: fc.constantFrom<Overflow>('suspend', 'suspend', 'drop-oldest', 'drop-newest', 'fail'),
  strategy: fc.constantFrom<Strategy>('queue', 'queue', 'switch', 'exhaust'),
  isKeyed: fc.boolean(),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  timeoutMs: maybe(fc.integer({ min: 1, max: 5 })),
  batch: maybe(fc.record({ maxSize: fc.integer({ min: 1, max: 3 }), maxWaitMs: fc.constantFrom(0, 4, Infinity) })),
  end: fc.constantFrom('complete', 'broken'),
  unsubscribeAtMs: maybe(fc.nat({ max: 60 })),
  taken: fc.oneof(
    fc.constant(Infinity),
    fc.nat({ max: 10 }).map((count) => count + 1),
  ),
  redriveAtMs: maybe(fc.nat({ max: 60 })),
});

/** One item, and all that is seen of it. */
export class Item {
  readonly number: number;
  readonly plan: PlannedItem;
  /** The calls of its handler that may still succeed. */
  active = 0;
  calls = 0;
  readonly ends: Supervised<Item>[] = [];
  readonly letters: DeadLetter<Item>[] = [];

  constructor(number: number, plan: PlannedItem) {
    this.number = number;
    this.plan = plan;
  }

  get isAbandoned(): boolean {
    return this.letters.some(({ reason }) => reason === 'abandoned');
  }
}

/** A source that is supervised as planned, in virtual time. */
export class SupervisedRun {
  readonly plan: Plan;
  readonly sent: Item[] = [];
  readonly told: Supervised<Item>[] = [];
  /** How the stream ended: `'complete'`, the error, or, if it was unsubscribed, not. */
  readonly ends: unknown[] = [];
  readonly faults: string[] = [];
  readonly redrives: RedriveReport[] = [];
  hasRedriven = false;
  readonly clock: SteppedClock = new SteppedClock();
  subscription!: Subscription;
  readonly #source$ = new Subject<Item>();
  readonly #deadLetters = createDeadLetterQueue<Item>({ scheduler: this.clock });
  readonly #lastStarted = new Map<string, readonly number[]>();

  constructor(plan: Plan) {
    this.plan = plan;
    this.#deadLetters.subscribe((letter) => letter.event.letters.push(letter));
  }

  async run(): Promise<this> {
    const { items, end, unsubscribeAtMs, redriveAtMs, taken } = this.plan;
    this.subscription = this.#source$.pipe(this.#operator(), take(taken)).subscribe({
      next: (result) => this.#hear(result),
      error: (error) => this.ends.push(error),
      complete: () => this.ends.push('complete'),
    });
    let time = 0;
    for (const item of items) this.clock.schedule(() => this.#send(item), (time += item.waitMs));
    this.clock.schedule(() => (end === 'complete' ? this.#source$.complete() : this.#source$.error(end)), time + 1);
    if (unsubscribeAtMs !== undefined) this.clock.schedule(() => this.subscription.unsubscribe(), unsubscribeAtMs);
    if (redriveAtMs !== undefined) this.clock.schedule(() => void this.#redrive(), redriveAtMs);
    do await settled();
    while (this.clock.step());
    return this;
  }

  #operator(): OperatorFunction<Item, Supervised<Item>> {
    const { plan } = this;
    const { concurrency, capacity, overflow, strategy, isKeyed, maxAttempts, timeoutMs, batch } = plan;
    const options: ProcessorOptions<Item> = {
      concurrency,
      capacity,
      overflow,
      scheduler: this.clock,
      deadLetters: this.#deadLetters,
      retry: { maxAttempts, delayMs: 2 },
      ...(isKeyed && { key: keyOf }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
    if (batch === undefined || strategy !== 'queue') {
      return supervise((item: Item, context: HandlerContext) => this.#handle([item], context), {
        ...options,
        strategy,
      });
    }
    const handler = (members: readonly Item[], context: HandlerContext): unknown => this.#handle(members, context);
    return supervise(handler, { ...options, batch, strategy: 'queue' });
  }

  #send(plan: PlannedItem): void {
    // What is sent before nobody is lost to nobody.
    if (!this.#source$.observed) return;
    const item = new Item(this.sent.length, plan);
    this.sent.push(item);
    this.#source$.next(item);
  }

  #hear(result: Supervised<Item>): void {
    if (this.ends.length > 0) this.faults.push('a result after the end');
    this.told.push(result);
    result.event.ends.push(result);
    if (result.event.plan.isEchoed) this.#send({ ...result.event.plan, isEchoed: false });
  }

  async #redrive(): Promise<void> {
    this.hasRedriven = true;
    this.redrives.push(await this.#deadLetters.redrive());
  }

  #handle(members: readonly Item[], { signal, attempt: number }: HandlerContext): unknown {
    this.#checkStart(members);
    for (const item of members) {
      item.calls++;
      item.active++;
    }
    let isActive = true;
    const end = (): void => {
      if (isActive) for (const item of members) item.active--;
      isActive = false;
    };
    signal.addEventListener('abort', end);
    const { attempts } = members[0]!.plan;
    return this.#perform(attempts[Math.min(number, attempts.length) - 1]!, resultOf(members, number), end);
  }

  #perform({ form, fails, tookMs }: PlannedAttempt, result: string, end: () => void): unknown {
    if (form === 'value') {
      end();
      if (fails) throw result;
      return result;
    }
    if (form === 'promise') {
      return new Promise((resolve, reject) => {
        this.clock.schedule(() => {
          end();
          if (fails) reject(result);
          else resolve(result);
        }, tookMs);
      });
    }
    return new Observable((subscriber) => {
      subscriber.next(result);
      const timer = this.clock.schedule(() => {
        end();
        if (fails) subscriber.error(result);
        else subscriber.complete();
      }, tookMs);
      subscriber.add(timer);
    });
  }

  /** What holds whenever an attempt begins. */
  #checkStart(members: readonly Item[]): void {
    const { concurrency, batch, strategy } = this.plan;
    const size = batch !== undefined && strategy === 'queue' ? batch.maxSize : 1;
    const active = this.sent.filter((item) => item.active > 0);
    if (members.length === 0 || members.length > size) this.faults.push(`a batch of ${members.length}`);
    if (active.length > (concurrency - 1) * size) this.faults.push(`${active.length} in flight before another one`);
    if (this.subscription?.closed) this.faults.push('a start after the end');
    const lanes = new Set(members.map((item) => this.#laneOf(item)));
    for (const lane of lanes) {
      if (lane === undefined) continue;
      if (active.some((item) => this.#laneOf(item) === lane)) this.faults.push(`two of lane ${lane} at a time`);
      const started = members.filter((item) => this.#laneOf(item) === lane).map(({ number }) => number);
      const last = this.#lastStarted.get(lane) ?? [-1];
      this.#lastStarted.set(lane, started);
      // A redriven letter comes again, behind others.
      const isInOrder = this.hasRedriven || started.join() === last.join() || started[0]! > last.at(-1)!;
      if (!isInOrder) this.faults.push(`${started.join()} after ${last.join()} in lane ${lane}`);
    }
  }

  /** The lane of an item; none where none is promised. */
  #laneOf({ plan: { key } }: Item): string | undefined {
    const { isKeyed, strategy, concurrency } = this.plan;
    if (isKeyed) return key;
    return strategy !== 'queue' || concurrency === 1 ? 'the only one' : undefined;
  }
}

/** What an attempt resolves to, or fails with. */
function resultOf(members: readonly Item[], attempt: number): string {
  return `${members.map(({ number }) => number).join('+')} in attempt ${attempt}`;
}

function keyOf({ plan: { key } }: Item): string {
  if (key === 'throws') throw new Error('no key');
  return key;
}
