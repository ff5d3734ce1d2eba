import { Subscription } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { copyMessage, type EventMessage, type MessageHeaders } from '../core/message.ts';
import { show } from '../core/options.ts';
import type { ErrorReports } from './error-reports.ts';
import { PartWatch } from './part-watch.ts';
import type { Part, Probe } from './probe.ts';
import { SafeProbe } from './safe-probe.ts';
import type { DrainReport } from './stats.ts';

/** The probes that an option names: one, or several, told in their order. */
export type Probes = Probe | readonly Probe[];

/**
 * The probes of an engine, or of a bus and all of its engines. They share it, so that a probe can come, and go, while they work. As long as there is
 * none, nothing is made that could be told of.
 */
export class Watch {
  /** Whether somebody is told of messages that are sent. */
  heedsPublishing = false;
  readonly #errors: ErrorReports;
  readonly #onChange: () => void;
  readonly #parts = new Set<PartWatch>();
  #all: readonly SafeProbe[] = [];

  /** @param onChange - called when a probe has come or gone */
  constructor(errors: ErrorReports, probes: Probes | undefined, onChange: () => void = () => {}) {
    this.#errors = errors;
    this.#onChange = onChange;
    if (probes !== undefined) for (const probe of isList(probes) ? probes : [probes]) this.#add(probe);
  }

  /** @throws InvalidOptionError for what is no object */
  add(probe: Probe): Subscription {
    const safe = this.#add(probe);
    this.#onChange();
    return new Subscription(() => {
      safe.isGone = true;
      this.#choose(this.#all.filter((other) => other !== safe));
      for (const part of this.#parts) part.remove(safe);
      this.#onChange();
    });
  }

  /** Makes what {@link join} is given. */
  of(part: Part): PartWatch {
    return new PartWatch(part, this.#errors);
  }

  /** Shows its probes a part, which must be ready to be looked at. To be ended with {@link leave}. */
  join(watch: PartWatch): void {
    this.#parts.add(watch);
    for (const probe of this.#all) watch.add(probe);
  }

  /**
   * Makes and joins in one, for a part that tells nothing by itself.
   *
   * @returns to be called when it has closed; idempotent
   */
  show(part: Part): () => void {
    const watch = this.of(part);
    this.join(watch);
    return () => this.leave(watch);
  }

  /** The part has closed. Idempotent. */
  leave(watch: PartWatch): void {
    if (this.#parts.delete(watch)) watch.close();
  }

  /** Tells of a message that is about to be sent, and returns it with the headers that probes add. Each probe is given it with the headers of those before it. */
  publishing(message: EventMessage, by: Part): EventMessage {
    let sent = message;
    const headers: MessageHeaders = {};
    for (const probe of this.#all) {
      const added = probe.publishing(sent, by);
      if (added === undefined) continue;
      Object.assign(headers, added);
      sent = copyMessage(message, { headers: { ...message.headers, ...headers } });
    }
    return sent;
  }

  /** Tells that a message has been sent; with `error`, that it has not, or that nobody knows. */
  published(message: EventMessage, ...error: readonly [error?: unknown]): void {
    for (const probe of this.#all) probe.tell('published', message, ...error);
  }

  refused(letter: DeadLetter<unknown>, by: Part): void {
    for (const probe of this.#all) probe.tell('refused', letter, by);
  }

  drained(name: string, report: DrainReport): void {
    for (const probe of this.#all) probe.tell('drained', name, report);
  }

  brokerState(...state: Parameters<NonNullable<Probe['brokerState']>>): void {
    for (const probe of this.#all) probe.tell('brokerState', ...state);
  }

  #add(probe: Probe): SafeProbe {
    const safe = new SafeProbe(expectProbe(probe), this.#errors);
    this.#choose([...this.#all, safe]);
    for (const part of this.#parts) part.add(safe);
    return safe;
  }

  #choose(all: readonly SafeProbe[]): void {
    this.#all = all;
    this.heedsPublishing = all.some((probe) => probe.heeds('publishing') || probe.heeds('published'));
  }
}

function isList(probes: Probes): probes is readonly Probe[] {
  return Array.isArray(probes);
}

function expectProbe(probe: Probe): Probe {
  if (typeof probe === 'object' && probe !== null && !Array.isArray(probe)) return probe;
  throw new InvalidOptionError(`Expected a probe to be an object of callbacks such as settled, got ${show(probe)}.`);
}
