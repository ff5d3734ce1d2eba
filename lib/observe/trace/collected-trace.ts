import { InvalidOptionError } from '../../core/errors.ts';
import { inOneLine } from '../../core/one-line.ts';
import { show } from '../../core/options.ts';
import { causationTree } from './causation-tree.ts';
import type { EventTrace, TracedEnd, TracedEvent, TraceNode } from './event-trace.ts';
import { traceText } from './trace-text.ts';

/** Picks the events of one chain out of all that it is shown, and keeps no others. */
export class CollectedTrace {
  readonly #correlationId: string;
  /** By id: what comes twice is kept as it came first. */
  readonly #events = new Map<string, TracedEvent>();
  readonly #ends = new Map<string, TracedEnd[]>();

  constructor(correlationId: string) {
    this.#correlationId = correlationId;
  }

  add(event: TracedEvent): void {
    if (!this.#holds(expectEvent(event)) || this.#events.has(event.id)) return;
    this.#events.set(event.id, event);
  }

  addEnd(event: TracedEvent, end: TracedEnd): void {
    // What came from a broker was published elsewhere.
    this.add(event);
    const ends = this.#ends.get(event.id);
    if (ends === undefined) this.#ends.set(event.id, [end]);
    else ends.push(end);
  }

  finish(): EventTrace {
    const roots = causationTree([...this.#events.values()], ({ id }) => this.#ends.get(id) ?? []);
    return new Tree(this.#correlationId, roots, this.#events.size);
  }

  /** The first event of a chain carries no correlation id: its own id is it. */
  #holds(event: TracedEvent): boolean {
    return (event.headers.correlationId ?? event.id) === this.#correlationId;
  }
}

/** A class, so that it can be written as text and yet is plain data to JSON and `structuredClone`. */
class Tree implements EventTrace {
  readonly correlationId: string;
  readonly roots: readonly TraceNode[];
  readonly size: number;

  constructor(correlationId: string, roots: readonly TraceNode[], size: number) {
    this.correlationId = correlationId;
    this.roots = roots;
    this.size = size;
  }

  toString(): string {
    return this.size === 0 ? `no events with correlation id '${inOneLine(this.correlationId)}'` : traceText(this.roots);
  }
}

function expectEvent(event: TracedEvent): TracedEvent {
  if (typeof event?.type === 'string' && typeof event.headers === 'object' && event.headers !== null) return event;
  throw new InvalidOptionError(`Expected messages or recorded events, with type and headers, got ${show(event)}.`);
}
