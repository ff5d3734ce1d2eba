import { MillraceError } from '../core/errors.ts';
import { expectCount, expectDelay, expectFunction } from '../core/options.ts';

/** When a circuit opens and for how long. */
export interface CircuitBreakerPolicy {
  /** Failed attempts in a row that open the circuit; ≥ 1. @defaultValue 5 */
  readonly failureThreshold?: number;
  /** Milliseconds that it stays open before one trial; \> 0. @defaultValue 30_000 */
  readonly resetAfterMs?: number;
  /** Whether a failure says that what is called is in trouble; of another kind, such as a refusal, it counts as neither a failure nor a success. @defaultValue all do */
  readonly failureIf?: (error: unknown) => boolean;
}

/** `closed` lets all through, `open` nothing, `half-open` one trial. */
export type CircuitState = 'closed' | 'half-open' | 'open';

/** A call was not made, because its circuit is open. */
export class CircuitOpenError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'CircuitOpenError';
  /** Milliseconds until the next trial: a function for `retry.delayMs` may return it. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('CIRCUIT_OPEN', `Expected a closed circuit, got an open one. Try again in ${retryAfterMs} ms.`);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The state of one circuit, without a timer: it is told the time when it is asked. The pattern is M. Nygard's ("Release It!", 2007), with a count of
 * failures in a row.
 */
export class CircuitBreaker {
  readonly #failureThreshold: number;
  readonly #resetAfterMs: number;
  readonly #failureIf: (error: unknown) => boolean;
  #state: CircuitState = 'closed';
  #failures = 0;
  #openUntil = 0;
  /** Counts the changes of state, so that calls that began before one cannot decide the next. */
  #era = 0;
  #isTrying = false;

  constructor({ failureThreshold = 5, resetAfterMs = 30_000, failureIf = () => true }: CircuitBreakerPolicy) {
    this.#failureThreshold = expectCount('breaker.failureThreshold', failureThreshold, 1);
    this.#resetAfterMs = expectDelay('breaker.resetAfterMs', resetAfterMs, true);
    this.#failureIf = expectFunction('breaker.failureIf', failureIf, true);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /**
   * Lets a call start, or not. The pass that it returns is to be handed back when the call ends, by one of the methods below. A half-open
   * circuit gives one: its trial.
   */
  tryStart(now: number): number | undefined {
    if (this.#state === 'closed') return this.#era;
    if ((this.#state === 'open' && now < this.#openUntil) || this.#isTrying) return undefined;
    this.#become('half-open');
    this.#isTrying = true;
    return this.#era;
  }

  /** Milliseconds until a trial is possible. */
  waitMs(now: number): number {
    return this.#state === 'open' ? Math.max(0, this.#openUntil - now) : 0;
  }

  /** The call with this pass succeeded. */
  succeeded(pass: number | undefined): void {
    if (pass !== this.#era) return;
    this.#failures = 0;
    if (this.#state === 'half-open') this.#become('closed');
  }

  /** The call with this pass failed. What `failureIf` throws comes after it was counted as a failure. */
  failed(pass: number | undefined, now: number, error: unknown): void {
    if (pass !== this.#era) return;
    let isFailure = true;
    try {
      isFailure = this.#failureIf(error);
    } finally {
      if (isFailure) this.#count(now);
      else this.cancelled(pass);
    }
  }

  #count(now: number): void {
    this.#failures++;
    if (this.#state === 'closed' && this.#failures < this.#failureThreshold) return;
    this.#become('open');
    this.#openUntil = now + this.#resetAfterMs;
  }

  /** The call with this pass was given up: neither a success nor a failure. */
  cancelled(pass: number | undefined): void {
    if (pass === this.#era) this.#isTrying = false;
  }

  #become(state: CircuitState): void {
    this.#state = state;
    this.#failures = 0;
    this.#isTrying = false;
    this.#era++;
  }
}
