import { LONGEST_DELAY_MS } from '../../core/options.ts';
import { BusyEngines } from './busy-engines.ts';
import { type PendingTimer, VirtualClock } from './virtual-clock.ts';
import { PromiseGuard } from './promise-guard.ts';
import { watchEscaped } from './escaped-errors.ts';
import { seededRandom } from './seeded-random.ts';
import { callWithin, refuseNested } from './turns.ts';
import { endless, endlessAdvance, isOver, neverAtRest, stuck, unhandledRejection } from './world-failures.ts';

/** Options of a {@link VirtualWorld}. */
export interface VirtualWorldOptions {
  /** What `Date.now()` says at the start, in epoch milliseconds. */
  readonly startAt: number;
  /** Of `Math.random`. */
  readonly seed: number;
  /** A program that fires more timers than this never ends. */
  readonly maxTimers: number;
  /** How long something that virtual time cannot bring, such as a file, is waited for: real milliseconds. */
  readonly patienceMs: number;
  /** Frames of every stack: with none, all goes faster, and a failure does not know where it comes from. */
  readonly stackDepth: number;
}

/** A test may advance time so many times more often than timers may fire. */
const ADVANCES_PER_TIMER = 10;

/** So many of the last timers tell what a loop is made of. */
const LAST = 100;

/**
 * A process whose time is virtual and moves only when nothing else can go on: all promises that can settle have settled. It must be
 * restored at the end, whatever happened.
 */
export class VirtualWorld {
  private readonly clock: VirtualClock;
  private readonly promises: PromiseGuard;
  private readonly engines = new BusyEngines();
  private readonly stopWatching: () => void;
  private readonly maxTimers: number;
  private readonly patienceMs: number;
  /** Resolves after the promises of this turn, and before virtual time moves. */
  private readonly realTurn: () => Promise<void>;
  private readonly realNow: () => number;
  /** The last timers before the limit. */
  private readonly last: PendingTimer[] = [];
  private readonly idleListeners: (() => void)[] = [];
  private fired = 0;
  private slept = 0;
  private isRestored = false;
  private failure: { readonly error: unknown } | undefined;

  constructor({ startAt, seed, maxTimers, patienceMs, stackDepth }: VirtualWorldOptions) {
    this.realTurn = realTurns();
    this.realNow = performance.now.bind(performance);
    this.maxTimers = maxTimers;
    this.patienceMs = patienceMs;
    // First, as it refuses a process whose clock is not its own.
    this.clock = new VirtualClock(startAt, seededRandom(seed), stackDepth);
    this.promises = new PromiseGuard();
    this.stopWatching = watchEscaped({
      unhandledRejection: (reason) => this.fail(unhandledRejection(reason)),
      uncaughtException: (error) => this.fail(error),
    });
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.clock.now;
  }

  /** The timers that are still to fire. */
  pending(): readonly PendingTimer[] {
    return this.clock.pending();
  }

  /** Whether it has fired all the timers that it may. */
  get isEndless(): boolean {
    return this.fired >= this.maxTimers;
  }

  /** The handlers that have not come to rest, a line each; empty, if all have. */
  get busyHandlers(): string {
    return String(this.engines);
  }

  /** Does work, and moves on until it is done. @throws what fails meanwhile */
  async complete(work: () => Promise<void>): Promise<void> {
    let ended: { readonly error?: unknown } | undefined;
    work().then(
      () => (ended = {}),
      (error: unknown) => (ended = { error }),
    );
    await this.runUntil(() => ended !== undefined);
    // Of the two, the failure of the work itself says more.
    if (ended !== undefined && 'error' in ended) throw ended.error;
  }

  /** Moves on until no timer is left. @throws what fails meanwhile */
  async runAll(): Promise<void> {
    await this.runUntil(() => !this.clock.hasTimers);
  }

  private async runUntil(isDone: () => boolean): Promise<void> {
    while (!(await this.isAtRest(isDone))) {
      if (this.clock.hasTimers) this.fireNext();
      else if (this.idleListeners.length > 0) this.tellIdle();
      else await this.awaitOutside(isDone);
    }
  }

  /** Resolves when so much time has passed, and all that is due by then is done. Somebody else must move on meanwhile. */
  async advance(delayMs: number): Promise<void> {
    if (this.isRestored) throw isOver();
    let leftMs = delayMs;
    for (; leftMs > LONGEST_DELAY_MS; leftMs -= LONGEST_DELAY_MS) await this.sleep(LONGEST_DELAY_MS);
    await this.sleep(leftMs);
    let before: number;
    // Timers that are due at the same time come first: also those that a promise made after this was called, and those that they make.
    do {
      before = this.fired;
      await this.sleep(0);
    } while (this.fired > before);
  }

  /** Resolves when no timer is left. Somebody else must move on meanwhile. */
  async whenIdle(): Promise<void> {
    if (this.isRestored) throw isOver();
    await new Promise<void>((resolve) => {
      this.idleListeners.push(resolve);
    });
  }

  /** Gives the process its own time back. */
  restore(): void {
    this.isRestored = true;
    this.engines.forget();
    this.stopWatching();
    this.promises.restore();
    this.clock.restore();
  }

  /** A timer that does not count. */
  private sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.fired--;
        this.slept++;
        resolve();
      };
      setTimeout(wake, delayMs);
    });
  }

  private async isAtRest(isDone: () => boolean): Promise<boolean> {
    await this.realTurn();
    this.promises.reset();
    const { stoppedAt, limit } = this.promises;
    if (stoppedAt !== undefined) this.fail(neverAtRest(this, limit, stoppedAt));
    if (this.failure !== undefined) throw this.failure.error;
    return isDone();
  }

  private fireNext(): void {
    this.fired++;
    try {
      callWithin(() => this.clock.step());
    } catch (error) {
      this.fail(error);
    }
    if (this.maxTimers - this.fired < LAST) this.noteLast();
    if (this.slept >= this.maxTimers * ADVANCES_PER_TIMER) this.fail(endlessAdvance(this, this.slept));
    if (this.isEndless) this.fail(endless(this, this.maxTimers, this.last));
  }

  private noteLast(): void {
    const { lastFired } = this.clock;
    if (lastFired !== undefined) this.last.push(lastFired);
  }

  private tellIdle(): void {
    for (const listener of this.idleListeners.splice(0)) listener();
  }

  /** Nothing is left that could happen in here: waits a little for the world outside. */
  private async awaitOutside(isDone: () => boolean): Promise<void> {
    const start = this.realNow();
    while (this.realNow() - start < this.patienceMs) {
      await this.realTurn();
      if (isDone() || this.clock.hasTimers || this.failure !== undefined) return;
    }
    // Who awaits a test that is refused can go on.
    if (refuseNested()) return;
    this.fail(stuck(this));
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
  }
}

/** Real turns of the event loop, as they are before timers are made virtual: by `setImmediate` in Node, and by a message elsewhere. */
function realTurns(): () => Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => unknown };
  if (setImmediate !== undefined) return () => new Promise((resolve) => void setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    });
}
