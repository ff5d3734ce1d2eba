import type { Subscription } from 'rxjs';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { EventMessage } from '../../core/message.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import type { AllowList } from './allow-list.ts';
import type { AnyBus } from './bridged-bus.ts';
import { knownIdsOf } from './known-ids.ts';
import { writeEvent } from './write-event.ts';

/** What is told of events that leave. */
export interface DeparturesOptions {
  readonly bus: AnyBus;
  readonly bridge: object;
  readonly send: AllowList;
  readonly maxEventBytes: number;
  readonly errors: ErrorReports;
  readonly onEvent: (text: string, event: EventMessage) => void;
  /** The bus has closed. */
  readonly onClosed: () => void;
}

/** The events that leave a bus by a bridge: those that may, written, and none that has come by it. */
export class Departures {
  readonly #options: DeparturesOptions;
  readonly #subscription: Subscription | undefined;
  /** Events that could not be written. */
  unwritable = 0;

  constructor(options: DeparturesOptions) {
    this.#options = options;
    const { bus, bridge, send, onEvent, onClosed } = options;
    if (send.size === 0) return;
    const known = knownIdsOf(bus);
    this.#subscription = bus.events([...send.values()]).subscribe({
      next: (event) => {
        const { id, type } = event;
        if (known.isFrom(id, bridge)) return;
        known.note(id);
        const text = this.#write(event, send.get(type)!);
        if (text !== undefined) onEvent(text, event);
      },
      complete: onClosed,
    });
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  /** Whoever emits must not be harmed by what cannot cross. */
  #write(event: EventMessage, definition: EventDefinition): string | undefined {
    const { maxEventBytes, errors } = this.#options;
    try {
      return writeEvent(event, definition, maxEventBytes);
    } catch (error) {
      this.unwritable++;
      errors.report('bridge', error);
      return undefined;
    }
  }
}
