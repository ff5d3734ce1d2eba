import { interval, map, type Observable, type SchedulerLike, startWith } from 'rxjs';
import { expectDelay, expectFunction, expectOptions } from '../../core/options.ts';
import type { Settlement } from '../../core/outcome.ts';
import type { Attachment, Handling, Part, Probe, Retry } from '../../process/probe.ts';
import { preciseClock } from './precise-clock.ts';
import { Records } from './records.ts';
import type { InspectorSnapshot } from './snapshot.ts';

/** How an inspector is made. */
export interface InspectorOptions {
  /** The clock that durations are measured with, and the timers of `watch`. @defaultValue one with microseconds, which goes on evenly if the computer's clock is set */
  readonly scheduler?: SchedulerLike;
  /** For the choice of the events that are measured: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
}

/** How often a watch looks. */
export interface InspectorWatchOptions {
  /** Milliseconds between two snapshots; \> 0. @defaultValue 1_000 */
  readonly everyMs?: number;
}

/** A probe that knows what is there, and how it does. */
export interface Inspector extends Probe {
  /** Everything as it is now. Parts that have closed are not in it, but what they have done is in its `totals`. */
  snapshot(): InspectorSnapshot;
  /**
   * A snapshot at once, and one every so often, for each subscriber by itself, until it unsubscribes.
   *
   * @throws InvalidOptionError for an `everyMs` that cannot work
   */
  watch(options?: InspectorWatchOptions): Observable<InspectorSnapshot>;
}

/**
 * Creates an inspector: the probe to give to every bus, channel, projection and processor of a program, one for all of them, to see what there is and how it does.
 *
 * Counts are exact, as they are the parts' own. How long events wait, and are handled, is measured: of each event up to about 1,000 a second for each handler, of one in n above, so that a
 * handler that does millions a second does them nearly as fast.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, createInspector, defineEvent, payload } from 'millrace';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());
 * const inspector = createInspector();
 * const bus = createEventBus({ name: 'orders', probe: inspector });
 * bus.on(OrderPlaced, async ({ data }) => console.log(data.id), { name: 'ship' });
 * await bus.publish(OrderPlaced, { id: 'o-1' });
 * for (const { id, handled, dead, waiting, handlingMs } of inspector.snapshot().buses[0]!.handlers) {
 *   console.log(id, handled, dead, waiting, handlingMs.p99); // bus orders / ship 1 0 0 0.2…
 * }
 * ```
 */
export function createInspector(options: InspectorOptions = {}): Inspector {
  return new PartInspector(options);
}

class PartInspector implements Inspector {
  readonly #scheduler: SchedulerLike;
  readonly #records: Records;

  constructor(options: InspectorOptions) {
    const { scheduler = preciseClock(), random = Math.random } = expectOptions('options', options);
    this.#scheduler = scheduler;
    this.#records = new Records(expectFunction('random', random));
  }

  snapshot(): InspectorSnapshot {
    return this.#records.snapshot(this.#scheduler.now());
  }

  watch(options: InspectorWatchOptions = {}): Observable<InspectorSnapshot> {
    const { everyMs = 1_000 } = expectOptions('options', options);
    return interval(expectDelay('everyMs', everyMs, true), this.#scheduler).pipe(
      startWith('now'),
      map(() => this.snapshot()),
    );
  }

  attached(part: Part): Attachment {
    return this.#records.add(part, this.#scheduler.now());
  }

  accepted(handling: Handling): void {
    this.#records.handler(handling.part)?.accepted(handling, this.#scheduler.now());
  }

  started(handling: Handling): void {
    this.#records.handler(handling.part)?.started(handling, this.#scheduler.now());
  }

  retried(handling: Handling, { error }: Retry): void {
    this.#records.handler(handling.part)?.failed(handling, error, this.#scheduler.now());
  }

  /** Its last attempt has ended: what follows is the storing of its letter. */
  burying(handling: Handling): undefined {
    this.#records.handler(handling.part)?.ended(handling, this.#scheduler.now());
  }

  settled(handling: Handling, settlement: Settlement): void {
    const { part } = handling;
    const record = this.#records.handler(part);
    if (record === undefined) this.#records.recount(part);
    else record.settled(handling, settlement, this.#scheduler.now());
  }

  dropped(handling: Handling): void {
    const { part } = handling;
    const record = this.#records.handler(part);
    if (record === undefined) this.#records.recount(part);
    else record.dropped(handling);
  }

  brokerState(): void {
    this.#records.heedBroker(this.#scheduler.now());
  }
}
