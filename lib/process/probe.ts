import type { EventMessage, MessageHeaders } from '../core/message.ts';
import type { DropReason, Settlement } from '../core/outcome.ts';
import { isPromiseLike } from '../core/schema.ts';
import type { ErrorReports } from './error-reports.ts';
import type { DrainReport } from './stats.ts';

/** One handler's copy of an event, as a probe sees it: the same object in every call about it. */
export interface Handling<Item = unknown> {
  /** The handler's name. */
  readonly handler: string;
  /** The event, or the item of a processor. */
  readonly event: Item;
  /** Attempts made so far, the one in progress included. */
  readonly attempts: number;
}

/** What follows a failed attempt that will be made again. */
export interface Retry {
  /** Why the attempt failed. */
  readonly error: unknown;
  /** Milliseconds until the next attempt may start. */
  readonly delayMs: number;
}

/**
 * Watches everything that the engine does. Every callback is optional, and called synchronously; one that throws harms no event and is
 * reported in `errors`. Without a probe nothing is paid.
 */
export interface Probe {
  /** A message is about to be offered to handlers. The headers that it returns are added to the message. */
  publishing?(message: EventMessage): MessageHeaders | undefined | void;
  /** A handler took its copy; it runs or waits. */
  accepted?(handling: Handling): void;
  /** An attempt starts. */
  started?(handling: Handling): void;
  /** An attempt failed and there will be another. */
  retried?(handling: Handling, retry: Retry): void;
  /** A copy ended: handled or dead. */
  settled?(handling: Handling, settlement: Settlement): void;
  /** A copy ended by a policy that drops. */
  dropped?(handling: Handling, reason: DropReason): void;
  /** A drain ended. */
  drained?(handler: string, report: DrainReport): void;
  /** Runs each handler call, so that it can be run inside a context (such as an `AsyncLocalStorage`). Must call `call` and return its result. */
  around?<Result>(handling: Handling, call: () => Result): Result;
}

/** A probe's callbacks without `around` and `publishing`, which have results. */
export type Observing = 'accepted' | 'drained' | 'dropped' | 'retried' | 'settled' | 'started';

/** A probe whose throws are reported instead of harming the event. */
export class SafeProbe {
  readonly #probe: Probe;
  readonly #errors: ErrorReports;

  constructor(probe: Probe, errors: ErrorReports) {
    this.#probe = probe;
    this.#errors = errors;
  }

  tell<Name extends Observing>(name: Name, ...details: Parameters<NonNullable<Probe[Name]>>): void {
    try {
      // The compiler does not see that name and details belong together.
      (this.#probe[name] as ((...all: unknown[]) => void) | undefined)?.call(this.#probe, ...details);
    } catch (error) {
      this.#errors.report('probe', error);
    }
  }

  publishing(message: EventMessage): MessageHeaders | undefined {
    try {
      return this.#probe.publishing?.(message) ?? undefined;
    } catch (error) {
      this.#errors.report('probe', error);
      return undefined;
    }
  }

  /** Whatever `around` does, and whenever, the handler is called once, and its own end counts. */
  around<Result>(handling: Handling, call: () => Result): Result {
    if (this.#probe.around === undefined) return call();
    let ended: { readonly result: Result } | { readonly error: unknown } | undefined;
    const callOnce = (): Result => {
      if (ended === undefined) {
        try {
          ended = { result: call() };
        } catch (error) {
          ended = { error };
        }
      }
      if ('error' in ended) throw ended.error;
      return ended.result;
    };
    try {
      const around: unknown = this.#probe.around(handling, callOnce);
      if (isPromiseLike(around)) around.then(undefined, (error: unknown) => void this.#reportForeign(error, callOnce));
    } catch (error) {
      void this.#reportForeign(error, callOnce);
    }
    return callOnce();
  }

  /** Reports an error of `around`, unless it is the handler's own, passed on. */
  async #reportForeign(error: unknown, call: () => unknown): Promise<void> {
    if ((await errorOf(call)) !== error) this.#errors.report('probe', error);
  }
}

/** The error that a call, which may be async, ends with, if any. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}
