import type { EventMessage } from '../core/message.ts';
import type { Delivery } from '../process/delivery.ts';
import { addCounts, type DrainCounts } from '../process/drainage.ts';
import type { ProcessorStats } from '../process/stats.ts';
import { duplicateHandler } from './bus-errors.ts';
import type { Engine } from '../process/engine.ts';

/** A handler as its bus knows it. */
export interface Registered {
  readonly name: string;
  readonly engine: Engine<EventMessage>;
  /** Whether it has nothing left to do. */
  readonly isIdle: boolean;
  readonly matches: (type: string) => boolean;
  stats(): ProcessorStats;
}

/** The handlers of a bus, in the order of their registration. */
export class Registrations<One extends Registered> {
  readonly #registrations = new Map<string, One>();
  /** Counts of handlers that have closed. */
  readonly #retired = { handled: 0, dead: 0, dropped: 0 };
  #unnamed = 0;
  #isClosed = false;

  get all(): readonly One[] {
    return [...this.#registrations.values()];
  }

  get isIdle(): boolean {
    return this.all.every(({ isIdle }) => isIdle);
  }

  /** How the events of all handlers have ended, those of handlers that have closed included. */
  get ended(): DrainCounts {
    const sum = { ...this.#retired };
    for (const { engine } of this.all) addCounts(sum, engine.ended);
    return sum;
  }

  /** @throws InvalidOptionError `DUPLICATE_HANDLER` when the name is taken */
  nameOf(given: string | undefined, label: string): string {
    const name = given ?? `${label}#${++this.#unnamed}`;
    if (this.#registrations.has(name)) throw duplicateHandler(name);
    return name;
  }

  add(registration: One): void {
    this.#registrations.set(registration.name, registration);
  }

  /** Forgets a handler that has closed; once the bus is closed, all stay for its last stats. */
  retire({ name, engine }: Registered): void {
    if (this.#isClosed) return;
    this.#registrations.delete(name);
    addCounts(this.#retired, engine.ended);
  }

  matching(type: string): readonly One[] {
    return this.all.filter(({ matches }) => matches(type));
  }

  /** Refuses the producers that wait for room, but for handlers, and lets handlers that pause go on. */
  beginDrain(): void {
    const isOutsider = ({ awaitedBy }: Delivery<EventMessage>): boolean => awaitedBy === undefined;
    for (const { engine } of this.all) {
      engine.refuse(isOutsider);
      engine.flush();
      engine.resume();
    }
  }

  /** Closes all and returns how many events were abandoned. */
  close(): number {
    let abandoned = 0;
    this.#isClosed = true;
    for (const { engine } of this.all) abandoned += engine.close();
    return abandoned;
  }

  stats(): readonly ProcessorStats[] {
    return this.all.map((registration) => registration.stats());
  }
}
