/// <reference lib="esnext.disposable" preserve="true" />
import type { Subscription } from 'rxjs';
import type { EventBus } from '../../bus/event-bus.ts';
import type { EventSource } from '../../bus/event-source.ts';
import type { DeadLetter } from '../../core/dead-letter.ts';
import type { EventMessage } from '../../core/message.ts';
import type { Settlement } from '../../core/outcome.ts';
import type { Handling, Probe } from '../../process/probe.ts';
import { eventsOf } from './events-of.ts';
import type { RecordedEnd } from './recording.ts';

/** A recording without the inference: what the types of its face promise, the definitions keep. */
export class BusRecording {
  #messages: EventMessage[] = [];
  #ends: RecordedEnd[] = [];
  #letters: DeadLetter[] = [];
  /** What handlers of this bus have said of their letters. */
  readonly #letterIds = new Set<string>();
  readonly #watching: Subscription;

  constructor(bus: Pick<EventBus, 'addProbe' | 'deadLetters'>) {
    const probe: Probe = {
      publishing: (message) => void this.#messages.push(message),
      settled: (handling, settlement) => this.#keep(handling, settlement),
      dropped: (handling, reason) => this.#keep(handling, { outcome: 'dropped', attempts: handling.attempts, reason }),
    };
    this.#watching = bus.addProbe(probe);
    this.#watching.add(bus.deadLetters.subscribe((letter) => void this.#letters.push(letter)));
  }

  get isClosed(): boolean {
    return this.#watching.closed;
  }

  published(source?: EventSource): readonly EventMessage[] {
    return narrow(this.#messages, source, ({ type }) => type);
  }

  handled(source?: EventSource): readonly RecordedEnd[] {
    return this.settled(source).filter(({ outcome }) => outcome === 'handled');
  }

  /** Buses may share a queue: letters of handlers count if a handler of this bus said so. */
  deadLettered(source?: EventSource): readonly DeadLetter[] {
    const letters = this.#letters.filter(({ id, handler }) => handler === undefined || this.#letterIds.has(id));
    return narrow(letters, source, ({ event }) => event.type);
  }

  dropped(source?: EventSource): readonly RecordedEnd[] {
    return this.settled(source).filter(({ outcome }) => outcome === 'dropped');
  }

  settled(source?: EventSource): readonly RecordedEnd[] {
    return narrow(this.#ends, source, ({ event }) => event.type);
  }

  clear(): void {
    this.#messages = [];
    this.#ends = [];
    this.#letters = [];
  }

  close(): void {
    this.#watching.unsubscribe();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #keep({ handler, event }: Handling, settlement: Settlement): void {
    if (settlement.deadLetterId !== undefined) this.#letterIds.add(settlement.deadLetterId);
    // The handlers of a bus are given messages.
    this.#ends.push({ handler, event: event as EventMessage, ...settlement });
  }
}

function narrow<Entry>(
  entries: readonly Entry[],
  source: EventSource | undefined,
  typeOf: (entry: Entry) => string,
): readonly Entry[] {
  if (source === undefined) return [...entries];
  const { matches } = eventsOf(source);
  return entries.filter((entry) => matches(typeOf(entry)));
}
