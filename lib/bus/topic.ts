import type { EventDefinition } from '../core/event-definition.ts';
import { InvalidOptionError, OverflowError } from '../core/errors.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount } from '../core/options.ts';
import type { DeliveryTicket } from './delivery-ticket.ts';
import type { Target } from './target.ts';

/** The subscribers of a topic's subject, who follow RxJS's own rules. */
export interface PlainSubscribers {
  readonly observed: boolean;
  deliver(message: EventMessage): void;
  end(): void;
}

/** One event type of a bus: who gets its messages, in which order. */
export class Topic {
  readonly definition: EventDefinition;
  /** Handlers in the order of registration; those that listen no longer stay until they are half of them. Never changed in place, but by `push`. */
  #targets: Target[] = [];
  #closed = 0;
  /** Plain subscribers, if anybody has asked for them. */
  plain: PlainSubscribers | undefined;
  #replay: EventMessage[] = [];
  #replaySize = 0;
  /** With replay: the message that handlers are being offered, and plain subscribers are not yet. */
  #onItsWay: EventMessage | undefined;

  constructor(definition: EventDefinition) {
    this.definition = definition;
  }

  /** The latest messages, for those who come late. */
  get replay(): readonly EventMessage[] {
    return this.#replay;
  }

  /** The same for plain subscribers, without a message that they are yet to be given. */
  get past(): readonly EventMessage[] {
    return this.#replay.filter((message) => message !== this.#onItsWay);
  }

  /** Remembers the latest messages from now on. */
  keep(count: number): void {
    expectCount('replay', count, 0);
    if (this.#replaySize > 0 && this.#replaySize !== count) {
      throw new InvalidOptionError(
        `Expected one replay for '${this.definition.type}', got ${count} after ${this.#replaySize}. Set it in one place.`,
      );
    }
    this.#replaySize = count;
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  add(target: Target): void {
    this.#targets.push(target);
  }

  /** Says that a target listens no longer. Removal is put off, so that a thousand of them cost no thousand copies. */
  forget(): void {
    if (++this.#closed * 2 < this.#targets.length) return;
    this.#targets = this.#targets.filter(({ owner }) => owner.isListening);
    this.#closed = 0;
  }

  /**
   * Offers a message to the handlers, then to the plain subscribers. Handlers that are added meanwhile miss it, those that are closed
   * meanwhile are skipped.
   *
   * @param onRejected - told of a handler with `overflow: 'fail'` that had no room
   * @returns whether every handler handles it or lets it wait
   */
  deliver(message: EventMessage, now: number, onRejected: (error: OverflowError) => void): boolean {
    const targets = this.#targets;
    const { length } = targets;
    let isTaken = true;
    if (this.#replaySize > 0) this.#remember(message);
    for (let index = 0; index < length; index++) {
      const target = targets[index]!;
      const verdict = target.offer(message, now);
      if (verdict === 'taken' || (verdict === 'rejected' && !target.owner.isListening)) continue;
      isTaken = false;
      if (verdict === 'rejected') onRejected(new OverflowError(target.owner.name));
    }
    this.#onItsWay = undefined;
    if (this.plain?.observed) this.plain.deliver(message);
    return isTaken;
  }

  /** The same for a message whose producer waits for the report. */
  deliverWith(ticket: DeliveryTicket, message: EventMessage): void {
    const targets = this.#targets;
    const { length } = targets;
    if (this.#replaySize > 0) this.#remember(message);
    for (let index = 0; index < length; index++) {
      const { owner } = targets[index]!;
      if (owner.isListening && !ticket.isAborted) ticket.deliver(owner, message);
    }
    this.#onItsWay = undefined;
    if (this.plain?.observed) this.plain.deliver(message);
    ticket.close();
  }

  #remember(message: EventMessage): void {
    this.#onItsWay = message;
    this.#replay.push(message);
    if (this.#replay.length > this.#replaySize) this.#replay.shift();
  }
}
