import { callSite } from '../call-site.ts';

/** More callbacks of promises than this, in one turn, are a loop that would never let time move. */
const MOST_CALLBACKS = 100_000;

type Then = typeof Promise.prototype.then;

/**
 * Stops promises that go on for ever without a timer, such as RxJS's `retry()` around a call that always rejects: nothing else could run
 * any more, this kit included. It sees what is asked of `then`, as RxJS and this library do; a loop of mere `await`s it cannot see.
 */
export class PromiseGuard {
  // oxlint-disable-next-line typescript/unbound-method -- called with `call` and `apply`
  private readonly original: Then = Promise.prototype.then;
  private count = 0;
  private readonly stopped = new Set<string>();
  private site: string | undefined;

  constructor() {
    const { original } = this;
    const isLoop = (): boolean => this.isLoop();
    const guarded = function then(this: Promise<unknown>, ...callbacks: Parameters<Then>): Promise<unknown> {
      if (!isLoop()) return original.apply(this, callbacks);
      // Nothing comes of this one: the loop rests, and the test can fail, for this reason and no other.
      void original.call(this, undefined, () => {});
      return new Promise(() => {});
    };
    Reflect.set(Promise.prototype, 'then', guarded);
  }

  /** Where the loop was going on that was stopped, if one was. */
  get stoppedAt(): string | undefined {
    return this.site;
  }

  get limit(): number {
    return MOST_CALLBACKS;
  }

  /** A new turn: all promises of the last one have been served. */
  reset(): void {
    this.count = 0;
  }

  restore(): void {
    Reflect.set(Promise.prototype, 'then', this.original);
  }

  /** Others may call in the same turn, such as the runner: only modules that go too far are stopped. */
  private isLoop(): boolean {
    this.count++;
    if (this.count < MOST_CALLBACKS) return false;
    const error = deepError();
    const module = callerOf(error);
    if (this.count % MOST_CALLBACKS === 0) this.stopped.add(module);
    this.site ??= callSite(error);
    return this.stopped.has(module);
  }
}

/** The module that called `then`. */
function callerOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^\s*at |@/u.test(line));
  const caller = frames.find((frame) => !frame.includes('promise-guard')) ?? '';
  return caller.replace(/^.*\(|(?::\d+)*\)?$/gu, '');
}

/** An error with enough of its stack to find the operator behind a chain of subscribers. */
function deepError(): Error {
  const { stackTraceLimit } = Error as { stackTraceLimit?: number };
  (Error as { stackTraceLimit?: number }).stackTraceLimit = 100;
  const error = new Error('too many');
  // Made when it is read, in some engines.
  void error.stack;
  (Error as { stackTraceLimit?: number | undefined }).stackTraceLimit = stackTraceLimit;
  return error;
}
