import type { Attributes, Histogram } from '@opentelemetry/api';
import type { Settlement } from '../core/outcome.ts';
import type { Handling } from '../process/probe.ts';
import type { BoundedNames } from './bounded-names.ts';
import { DESTINATION, ERROR_TYPE } from './conventions.ts';
import { errorType } from './error-texts.ts';
import { OUTCOME } from './own-names.ts';
import { Quota } from './quota.ts';
import { headersOf } from './sampling.ts';

/** What the durations of a handler are recorded with. */
export interface HandlerMeterOptions {
  readonly process: Histogram;
  readonly wait: Histogram;
  /** Those of the conventions. */
  readonly attributes: Attributes;
  readonly types: BoundedNames;
  readonly errors: BoundedNames;
}

interface Times {
  readonly acceptedAt: number;
  startedAt: number | undefined;
}

/** Measures how long a handler's events wait, and take. */
export class HandlerMeter {
  readonly #options: HandlerMeterOptions;
  readonly #quota = new Quota();
  readonly #times = new WeakMap<Handling, Times>();

  constructor(options: HandlerMeterOptions) {
    this.#options = options;
  }

  readonly samples = (): boolean => this.#quota.takes();

  accepted(handling: Handling): void {
    this.#times.set(handling, { acceptedAt: performance.now(), startedAt: undefined });
  }

  started(handling: Handling): void {
    const times = this.#times.get(handling);
    if (times === undefined || times.startedAt !== undefined) return;
    times.startedAt = performance.now();
    this.#options.wait.record((times.startedAt - times.acceptedAt) / 1_000, this.#attributesOf(handling));
  }

  /** @param error - of one that is dead */
  ended(handling: Handling, outcome: Settlement['outcome'], error?: unknown): void {
    const startedAt = this.#times.get(handling)?.startedAt;
    this.#times.delete(handling);
    if (startedAt === undefined) return;
    const { process, errors } = this.#options;
    process.record((performance.now() - startedAt) / 1_000, {
      ...this.#attributesOf(handling),
      [OUTCOME]: outcome,
      ...(outcome === 'dead' && { [ERROR_TYPE]: errors.of(errorType(error)) }),
    });
  }

  #attributesOf({ event }: Handling): Attributes {
    const { attributes, types } = this.#options;
    const type = headersOf(event) === undefined ? undefined : (event as { readonly type?: unknown }).type;
    return typeof type === 'string' ? { ...attributes, [DESTINATION]: types.of(type) } : attributes;
  }
}
