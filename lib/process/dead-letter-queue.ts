import {
  asyncScheduler,
  BehaviorSubject,
  defer,
  first,
  firstValueFrom,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  type Observer,
  of,
  race,
  type SchedulerLike,
  Subject,
  Subscriber,
  type Subscription,
  tap,
  timer,
} from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { MillraceError } from '../core/errors.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount, expectDelay, expectFunction } from '../core/options.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { isPromiseLike } from '../core/schema.ts';
import type { DeadLetterSink } from '../flow/dead-letter-to.ts';
import { type DecideRetry, decideRetry } from '../flow/retry-policy.ts';
import { retryBy } from '../flow/retry-with-backoff.ts';
import { type DeadLetterStore, memoryDeadLetterStore } from './dead-letter-store.ts';
import { ErrorReports, type ReportedError } from './error-reports.ts';
import {
  type Redriven,
  redriveLetters,
  type RedriveOptions,
  type RedriveReport,
  type RedriveTarget,
} from './redrive.ts';

/** Which letters. */
export interface LetterSelection<Item = EventMessage> {
  /** Which letters. @defaultValue all */
  readonly filter?: (letter: DeadLetter<Item>) => boolean;
  /** At most so many, the oldest first; ≥ 0, or Infinity. @defaultValue Infinity */
  readonly limit?: number;
}

/** What a queue has counted. */
export interface DeadLetterStats {
  /** Letters that came. */
  readonly received: number;
  /** Letters that a full queue let go. */
  readonly evicted: number;
  /** Letters that are on their way to the store. */
  readonly storing: number;
}

/** Options of {@link createDeadLetterQueue}. */
export interface DeadLetterQueueOptions<Item = EventMessage> {
  /** Letters that the default store keeps; ≥ 1, or Infinity. @defaultValue 10_000 */
  readonly maxSize?: number;
  /** Keeps the letters. @defaultValue memory */
  readonly store?: DeadLetterStore<Item>;
  /** The timers of a redrive's rate, and of the retries of a store that failed. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/**
 * A Subject of dead letters that also keeps them: subscribe to be told, `list` to look, `redrive` to try again, `discard` to let go.
 *
 * A subscriber that throws or rejects harms nobody and is reported in `errors`. `complete` and `error` are ignored: the queue has many sources.
 */
export class DeadLetterQueue<Item = EventMessage> extends Subject<DeadLetter<Item>> {
  readonly #store: DeadLetterStore<Item>;
  readonly #scheduler: SchedulerLike;
  readonly #reports = new ErrorReports();
  readonly #targets = new Map<string | undefined, RedriveTarget<Item>>();
  /** Who sent a letter takes it back while it lives; after that, whoever has its name. */
  readonly #origins = new WeakMap<DeadLetter<Item>, RedriveTarget<Item>>();
  readonly #inRedrive = new Set<string>();
  #received = 0;
  #evicted = 0;
  /** Letters that were removed since the redrives in progress took their lists. */
  readonly #removed = new Set<string>();
  #redrives = 0;
  /** How many letters are on their way to the store. */
  readonly #storing = new BehaviorSubject(0);
  readonly #announcements = new RingBuffer<DeadLetter<Item>>();
  #isAnnouncing = false;

  constructor({ maxSize = 10_000, store, scheduler = asyncScheduler }: DeadLetterQueueOptions<Item> = {}) {
    super();
    this.#scheduler = scheduler;
    this.#store =
      store ??
      memoryDeadLetterStore({
        maxSize,
        onEvicted: (letter) => {
          this.#evicted++;
          this.#reports.report('evicted', evicted(letter, maxSize), letter.handler);
        },
      });
  }

  /** Stores that failed, subscribers that threw, letters that were evicted. A bus passes them on in its own `errors`. */
  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  /** Keeps a letter, then tells the subscribers. */
  override next(letter: DeadLetter<Item>): void {
    void this.add(letter);
  }

  /** The same, with a promise if the store gave one: when it resolves, the letter is safe. */
  add(letter: DeadLetter<Item>): Promise<void> | void {
    this.#received++;
    const stored = this.#insist(() => this.#store.add(letter));
    if (stored === undefined) {
      this.#announce(letter);
      return undefined;
    }
    this.#storing.next(this.#storing.value + 1);
    return stored.then(() => {
      this.#announce(letter);
      this.#storing.next(this.#storing.value - 1);
    });
  }

  /** Ignored: the queue has many sources. */
  override complete(): void {}

  /** Reported, and ignored otherwise. */
  override error(error: unknown): void {
    this.#reports.report('subject', error);
  }

  /** As of any Subject, but `next` may throw or reject without harm. */
  override subscribe(
    observerOrNext?: Partial<Observer<DeadLetter<Item>>> | ((letter: DeadLetter<Item>) => void) | null,
  ): Subscription {
    const observer = typeof observerOrNext === 'function' ? { next: observerOrNext } : (observerOrNext ?? {});
    const subscription = super.subscribe((letter) => this.#tell(observer, letter));
    if (observer instanceof Subscriber) observer.add(subscription);
    return subscription;
  }

  /** What has been counted so far; `list` says what is kept now. */
  stats(): DeadLetterStats {
    return { received: this.#received, evicted: this.#evicted, storing: this.#storing.value };
  }

  /**
   * The letters kept, the oldest first. A store that fails is asked again until it answers.
   *
   * @throws ClosedError when the store is closed; TopologyError when what it needs on its broker is missing
   */
  async list({ filter, limit = Infinity }: LetterSelection<Item> = {}): Promise<readonly DeadLetter<Item>[]> {
    return select(await firstValueFrom(this.#ask(() => this.#store.list(), LIST_RETRY)), filter, limit);
  }

  /**
   * Hands letters to the handlers that failed (by name; an unnamed handler's only while it lives), an `invalid` one to where it came
   * in. Each goes to the tail of its lane, after waiting for room; attempts start anew. A letter is removed when its event has ended
   * again: if dead, it has a new letter, with `redriven` one higher.
   *
   * @returns the counts, when all have ended
   * @throws InvalidOptionError for a `limit` or `perSecond` that cannot work; as `list`
   */
  async redrive({
    filter,
    limit = Infinity,
    ...options
  }: LetterSelection<Item> & RedriveOptions = {}): Promise<RedriveReport> {
    const letters = this.#ask(() => this.#store.list(), LIST_RETRY).pipe(mergeMap((all) => select(all, filter, limit)));
    this.#redrives++;
    try {
      return await redriveLetters(letters, (letter) => this.#redriveOne(letter), options, this.#scheduler);
    } finally {
      if (--this.#redrives === 0) this.#removed.clear();
    }
  }

  /** Removes letters and returns how many. @throws as `list` */
  async discard(selection: LetterSelection<Item> = {}): Promise<number> {
    const letters = await this.list(selection);
    await Promise.all(letters.map(async ({ id }) => this.#remove(id)));
    return letters.length;
  }

  /**
   * Waits until every letter is with the store, for at most `withinMs` milliseconds if given.
   *
   * @returns whether every letter is
   */
  flush(withinMs?: number): Promise<boolean> {
    if (withinMs !== undefined) expectDelay('withinMs', withinMs);
    const isFlushed = this.#storing.pipe(
      first((count) => count === 0),
      map(() => true),
    );
    const isLate = withinMs === undefined ? NEVER : timer(withinMs, this.#scheduler).pipe(map(() => false));
    return firstValueFrom(race(isFlushed, isLate));
  }

  /** @internal Who takes back the letters with this handler name, or, without a name, those that no handler was reached with. */
  connect(target: RedriveTarget<Item>, name: string | undefined): () => void {
    this.#targets.set(name, target);
    return () => {
      if (this.#targets.get(name) === target) this.#targets.delete(name);
    };
  }

  /** @internal The sink of a handler, which can have its letters back as long as it lives, whatever its name. */
  sinkOf(origin: RedriveTarget<Item>): DeadLetterSink<DeadLetter<Item>> {
    return {
      next: (letter) => {
        this.#origins.set(letter, origin);
        return this.add(letter);
      },
    };
  }

  /** A letter that is being redriven already is not redriven twice. */
  #redriveOne(letter: DeadLetter<Item>): Observable<Redriven> {
    const origin = this.#origins.get(letter);
    const target = origin?.isClosed === false ? origin : this.#targets.get(letter.handler);
    const isGone = this.#inRedrive.has(letter.id) || this.#removed.has(letter.id);
    if (target === undefined || target.isClosed || isGone) return of('skipped');
    this.#inRedrive.add(letter.id);
    return new Observable((subscriber) => {
      target.redrive(letter, ({ outcome }) => {
        this.#inRedrive.delete(letter.id);
        const isKept = outcome === 'rejected';
        const removed = isKept ? undefined : this.#remove(letter.id);
        nowOrLater(removed).subscribe(() => {
          subscriber.next(outcome);
          subscriber.complete();
        });
      });
    });
  }

  #remove(id: string): Promise<void> | void {
    if (this.#redrives > 0) this.#removed.add(id);
    return this.#insist(() => this.#store.remove(id));
  }

  /** Asks the store until it answers, or is closed: a letter in hand is not let go. */
  #ask<Answer>(question: () => Answer | PromiseLike<Answer>, decide = STORE_RETRY): Observable<Answer> {
    return defer(() => nowOrLater(question())).pipe(
      tap({ error: (error) => this.#reports.report('dead-letter-store', error) }),
      retryBy(decide, this.#scheduler),
    );
  }

  /** The same for what need not be awaited if it is done at once. */
  #insist(work: () => PromiseLike<void> | void): Promise<void> | void {
    let isDone = false;
    let resolve: (() => void) | undefined;
    this.#ask(work).subscribe({
      next: () => {
        isDone = true;
        resolve?.();
      },
      // It has been reported. What is not kept is never said to be.
      error: () => undefined,
    });
    return isDone ? undefined : new Promise((done) => (resolve = done));
  }

  /** Tells every subscriber of one letter before any of the next, which a subscriber may cause. */
  #announce(letter: DeadLetter<Item>): void {
    this.#announcements.push(letter);
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    for (let next = this.#announcements.shift(); next !== undefined; next = this.#announcements.shift()) {
      // Unsubscribed, a Subject throws; letters are kept all the same.
      if (!this.closed) super.next(next);
    }
    this.#isAnnouncing = false;
  }

  #tell(observer: Partial<Observer<DeadLetter<Item>>>, letter: DeadLetter<Item>): void {
    const report = (error: unknown): void => this.#reports.report('dead-letter-subscriber', error, letter.handler);
    try {
      const result: unknown = observer.next?.(letter);
      if (isPromiseLike(result)) result.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }
}

/** A store that is closed stays closed. */
const STORE_RETRY = /* @__PURE__ */ retryUnless('CLOSED');

/** Who only looks is told what waiting does not mend. */
const LIST_RETRY = /* @__PURE__ */ retryUnless('CLOSED', 'TOPOLOGY');

/**
 * Creates a dead-letter queue: to share it between buses, to bound it, or to keep its letters in a store of your own.
 *
 * @throws InvalidOptionError for a `maxSize` that cannot work
 *
 * @example
 * ```ts
 * import { createDeadLetterQueue, createEventBus } from 'millrace';
 *
 * const deadLetters = createDeadLetterQueue({ maxSize: 50_000 });
 * const bus = createEventBus({ deadLetters });
 * bus.deadLetters.subscribe(({ handler, reason }) => console.log(`${handler}: ${reason}`));
 * ```
 */
export function createDeadLetterQueue<Item = EventMessage>(
  options: DeadLetterQueueOptions<Item> = {},
): DeadLetterQueue<Item> {
  return new DeadLetterQueue(options);
}

/** Emits what a store answered: at once, unless it is a promise. */
function nowOrLater<Value>(answer: PromiseLike<Value> | Value): Observable<Value> {
  return isPromiseLike(answer) ? from(answer) : of(answer);
}

function select<Item>(
  letters: readonly DeadLetter<Item>[],
  filter: LetterSelection<Item>['filter'],
  limit: number,
): readonly DeadLetter<Item>[] {
  expectFunction('filter', filter);
  expectCount('limit', limit, 0, true);
  const chosen = filter === undefined ? letters : letters.filter(filter);
  return limit === Infinity ? chosen : chosen.slice(0, limit);
}

function evicted<Item>({ id }: DeadLetter<Item>, maxSize: number): MillraceError {
  return new MillraceError(
    'OVERFLOW',
    `Expected at most ${maxSize} dead letters, got one more: letter ${id}, the oldest, was let go. Redrive or discard letters, raise maxSize, or give the queue a store.`,
  );
}

/** Again and again, but for errors of these codes. */
function retryUnless(...codes: readonly MillraceError['code'][]): DecideRetry {
  const retryIf = (error: unknown): boolean => !(error instanceof MillraceError && codes.includes(error.code));
  return decideRetry({ maxAttempts: Infinity, delayMs: 100, maxDelayMs: 30_000, retryIf }, Math.random);
}
