import { type Clock, type FakeMethod, install } from '@sinonjs/fake-timers';
import { TestFailure } from '../test-failure.ts';
import { callSite } from '../call-site.ts';
import { inThisContext, nodeModule, showChangedModules } from './node-modules.ts';

/** A timer that has not fired yet. */
export interface PendingTimer {
  /** What made it, such as `setTimeout`. */
  readonly kind: string;
  /** The delay that it was made with, in milliseconds. */
  readonly delayMs: number | undefined;
  /** Where it was made: the first line that is the user's own. */
  readonly site: string;
}

interface TrackedTimer {
  readonly kind: string;
  readonly delayMs: number | undefined;
  /** Holds the stack of the call that made it. */
  readonly made: Error;
  handle: unknown;
}

type TimerFunction = (callback: (...given: never[]) => void, ...details: unknown[]) => unknown;
type ClearFunction = (handle?: unknown) => void;
type Globals = Record<string, unknown> & {
  AbortSignal: { timeout: (delayMs: number) => AbortSignal };
  /** V8's. */
  Error: { stackTraceLimit?: number | undefined };
  Math: { random: () => number };
};

/** What follows the virtual clock. `queueMicrotask` and `nextTick` stay: what waits for them comes before time moves. */
const FAKED: FakeMethod[] = [
  'Date',
  'Intl',
  'cancelAnimationFrame',
  'cancelIdleCallback',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'hrtime',
  'performance',
  'requestAnimationFrame',
  'requestIdleCallback',
  'scheduler',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const MAKERS = { setImmediate: 'clearImmediate', setInterval: 'clearInterval', setTimeout: 'clearTimeout' } as const;

/**
 * The clock of this process, made virtual: timers, `AbortSignal.timeout`, `Date` and `performance.now` by `@sinonjs/fake-timers`, and
 * `Math.random` by a seed. RxJS reads all of these when it needs them, so its schedulers follow.
 */
export class VirtualClock {
  private readonly clock: Clock;
  private readonly startedAt: number;
  private readonly globals = globalThis as unknown as Globals;
  private readonly originals: {
    readonly timeout: (delayMs: number) => AbortSignal;
    readonly random: () => number;
    readonly stackTraceLimit: number | undefined;
  };
  /** By the number of the handle that the maker returned, which may be cleared by either: in Node that is an object. */
  private readonly tracked = new Map<number, TrackedTimer>();
  /** What the timer that has just fired calls. */
  private fired: (() => void) | undefined;
  private latest: TrackedTimer | undefined;
  private readonly removeImmediate: () => void;

  /**
   * @param startAt - what `Date.now()` says at the start
   * @param stackDepth - of errors, and of the places where timers are made
   * @throws TestFailure where timers are fake already
   */
  constructor(startAt: number, random: () => number, stackDepth: number) {
    if (FAKED.some((name) => isFake(this.globals[name]))) {
      throw new TestFailure(
        "Expected the timers of this process to be its own, but they are fake already. Call vi.useRealTimers(), or your runner's like, first.",
      );
    }
    const { AbortSignal, Error, Math } = this.globals;
    this.originals = { timeout: AbortSignal.timeout, random: Math.random, stackTraceLimit: Error.stackTraceLimit };
    // A real timer that an earlier test has left may be cleared now, as RxJS does when it fires: else, it would fire for ever.
    this.clock = install({ now: startAt, toFake: FAKED, ignoreMissingTimers: true, shouldClearNativeTimers: true });
    this.startedAt = startAt;
    this.removeImmediate = addImmediate(this.globals);
    for (const [maker, clearer] of Object.entries(MAKERS)) this.track(maker, clearer);
    showChangedModules();
    AbortSignal.timeout = (delayMs) => abortAfter(delayMs, this.originals.timeout);
    Math.random = random;
    Error.stackTraceLimit = stackDepth;
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.clock.now - this.startedAt;
  }

  get hasTimers(): boolean {
    return this.clock.countTimers() > 0;
  }

  /** The timer that fired last. */
  get lastFired(): PendingTimer | undefined {
    return this.latest && describe(this.latest);
  }

  /**
   * Goes to the next timer and fires it.
   *
   * @throws what its callback throws
   */
  step(): void {
    this.clock.next();
    const { fired } = this;
    this.fired = undefined;
    fired?.();
  }

  /** The timers that are still to fire, but for those that would not keep a program alive. */
  pending(): readonly PendingTimer[] {
    return [...this.tracked.values()].filter(({ handle }) => !isUnreferenced(handle)).map(describe);
  }

  /** Gives the process its own clock back. */
  restore(): void {
    const { AbortSignal, Error, Math } = this.globals;
    this.clock.uninstall();
    this.removeImmediate();
    showChangedModules();
    AbortSignal.timeout = this.originals.timeout;
    Math.random = this.originals.random;
    Error.stackTraceLimit = this.originals.stackTraceLimit;
  }

  /**
   * Notes where each timer is made, until it fires or is cleared. Its callback is called after the fake clock has moved, not while: what a
   * callback schedules for now would else be a millisecond late.
   */
  private track(maker: string, clearer: string): void {
    const make = this.globals[maker] as TimerFunction | undefined;
    const clear = this.globals[clearer] as ClearFunction | undefined;
    if (make === undefined || clear === undefined) return;
    const tracked: TimerFunction = (callback, ...details) => {
      // Throws.
      if (typeof callback !== 'function') return make(callback, ...details);
      const delayMs = maker === 'setImmediate' ? undefined : Number(details[0] ?? 0);
      const timer: TrackedTimer = { kind: maker, delayMs, made: new Error('made here'), handle: undefined };
      const call = inThisContext(callback);
      const fire = (...given: never[]): void => {
        this.latest = timer;
        const isRepeated = maker === 'setInterval';
        this.fired = isRepeated ? () => this.repeat(timer, () => call(...given)) : () => call(...given);
        if (!isRepeated) this.tracked.delete(Number(timer.handle));
      };
      timer.handle = make(fire, ...details);
      this.tracked.set(Number(timer.handle), timer);
      return timer.handle;
    };
    this.globals[maker] = Object.assign(tracked, make);
    this.globals[clearer] = (handle?: unknown) => {
      this.tracked.delete(Number(handle));
      clear(handle);
    };
    const timers = nodeModule('node:timers');
    // Who imports it gets the same; what the fake clock has changed there, it restores.
    if (timers === undefined || !isFake(timers[maker])) return;
    Object.assign(timers, { [maker]: this.globals[maker], [clearer]: this.globals[clearer] });
  }

  /** As in Node, what the callback makes for the time of the next round comes before that round. */
  private repeat(timer: TrackedTimer, call: () => void): void {
    call();
    if (this.tracked.has(Number(timer.handle))) (timer.handle as { refresh?: () => void }).refresh?.();
  }
}

/**
 * Gives browsers the `setImmediate` that they lack, on the virtual clock. The library uses it where it is, for the breaks of long runs: a break by a
 * message would be of real time, behind which virtual time runs away.
 *
 * @returns how to take it away again
 */
function addImmediate(globals: Globals): () => void {
  if (globals['setImmediate'] !== undefined) return () => undefined;
  const { setTimeout, clearTimeout } = globalThis;
  globals['setImmediate'] = (callback: () => void, ...given: unknown[]) => setTimeout(callback, 0, ...given);
  globals['clearImmediate'] = clearTimeout;
  return () => {
    delete globals['setImmediate'];
    delete globals['clearImmediate'];
  };
}

/** Of `@sinonjs/fake-timers`, as vitest and jest have it, too. */
function isFake(global: unknown): boolean {
  return ((global ?? {}) as { readonly clock?: unknown }).clock !== undefined;
}

function describe({ kind, delayMs, made }: TrackedTimer): PendingTimer {
  return { kind, delayMs, site: callSite(made) };
}

function isUnreferenced(handle: unknown): boolean {
  return (handle as { hasRef?: () => boolean } | null)?.hasRef?.() === false;
}

/** `AbortSignal.timeout` on the virtual clock. As the real one, it keeps no program alive. */
function abortAfter(delayMs: number, original: (delayMs: number) => AbortSignal): AbortSignal {
  // Throws, as no real signal has such a delay.
  if (!(delayMs >= 0 && delayMs < Infinity)) return original(delayMs);
  const controller = new AbortController();
  const timer: unknown = setTimeout(
    () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    delayMs,
  );
  (timer as { unref?: () => void }).unref?.();
  return controller.signal;
}
