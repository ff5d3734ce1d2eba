import type { EventMessage, MessageHeaders } from '../core/message.ts';
import { isPromiseLike } from '../core/schema.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Attachment, Handling, Part, Probe } from './probe.ts';

/** A probe's callbacks without results. */
export type Observing =
  | 'accepted'
  | 'brokerState'
  | 'drained'
  | 'dropped'
  | 'published'
  | 'refused'
  | 'retried'
  | 'settled'
  | 'started';

/** A probe whose throws are reported instead of harming the event. */
export class SafeProbe {
  /** Removed: it is told no more. */
  isGone = false;
  readonly #probe: Probe;
  readonly #errors: ErrorReports;

  constructor(probe: Probe, errors: ErrorReports) {
    this.#probe = probe;
    this.#errors = errors;
  }

  tell<Name extends Observing>(name: Name, ...details: Parameters<NonNullable<Probe[Name]>>): void {
    if (this.isGone) return;
    try {
      // The compiler does not see that name and details belong together.
      (this.#probe[name] as ((...all: unknown[]) => void) | undefined)?.call(this.#probe, ...details);
    } catch (error) {
      this.#errors.report('probe', error);
    }
  }

  /** Whether it has such a callback. */
  heeds(name: keyof Probe): boolean {
    return this.#probe[name] !== undefined;
  }

  attached(part: Part): Attachment | undefined {
    return this.#ask(() => this.#probe.attached?.(part));
  }

  publishing(message: EventMessage, by: Part): MessageHeaders | undefined {
    return this.#ask(() => this.#probe.publishing?.(message, by));
  }

  burying(handling: Handling, error: unknown): MessageHeaders | undefined {
    return this.#ask(() => this.#probe.burying?.(handling, error));
  }

  /** Its answer; none, if it throws. */
  #ask<Answer>(question: () => Answer | undefined | void): Answer | undefined {
    if (this.isGone) return undefined;
    try {
      return question() ?? undefined;
    } catch (error) {
      this.#errors.report('probe', error);
      return undefined;
    }
  }

  /** Whatever `around` does, and whenever, the handler is called once, and its own end counts. */
  around<Result>(handling: Handling, call: () => Result): Result {
    if (this.isGone || this.#probe.around === undefined) return call();
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
