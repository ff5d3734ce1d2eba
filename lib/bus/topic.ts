import type { EventDefinition } from '../core/event-definition.ts';
import { InvalidOptionError, OverflowError } from '../core/errors.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount } from '../core/options.ts';
import type { DeliveryTicket } from './delivery-ticket.ts';
import type { Verdict } from '../process/gate.ts';
import type { Listener, Target } from './target.ts';

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
  private listeners: Target[] = [];
  private closed = 0;
  /** Plain subscribers, if anybody has asked for them. */
  plain: PlainSubscribers | undefined;
  private remembered: EventMessage[] = [];
  private replaySize = 0;
  /** With replay: the message that handlers are being offered, and plain subscribers are not yet. */
  private onItsWay: EventMessage | undefined;

  constructor(definition: EventDefinition) {
    this.definition = definition;
  }

  /** The latest messages, for those who come late. */
  get replay(): readonly EventMessage[] {
    return this.remembered;
  }

  /** The same for plain subscribers, without a message that they are yet to be given. */
  get past(): readonly EventMessage[] {
    return this.remembered.filter((message) => message !== this.onItsWay);
  }

  /** Remembers the latest messages from now on. @returns whether it did not before, and does now */
  keep(count: number): boolean {
    expectCount('replay', count, 0);
    if (this.replaySize > 0 && this.replaySize !== count) {
      throw new InvalidOptionError(
        `Expected one replay for '${this.definition.type}', got ${count} after ${this.replaySize}. Set it in one place.`,
      );
    }
    const isNew = count > 0 && this.replaySize === 0;
    this.replaySize = count;
    return isNew;
  }

  get targets(): readonly Target[] {
    return this.listeners;
  }

  add(target: Target): void {
    this.listeners.push(target);
  }

  /** Says that a target listens no longer. Removal is put off, so that a thousand of them cost no thousand copies. */
  forget(): void {
    if (++this.closed * 2 < this.listeners.length) return;
    this.listeners = this.listeners.filter(({ owner }) => owner.isListening);
    this.closed = 0;
  }

  /** Whether there is nothing to do for a message but to tell plain subscribers. */
  get isQuiet(): boolean {
    return this.listeners.length === 0 && this.replaySize === 0;
  }

  /**
   * Offers a message to the handlers, then to the plain subscribers. Handlers that are added meanwhile miss it, those that are closed
   * meanwhile are skipped.
   *
   * @returns whether every handler handles it or lets it wait; or the error, if one with `overflow: 'fail'` had no room
   */
  deliver(message: EventMessage, now: number): OverflowError | boolean {
    const targets = this.listeners;
    const { length } = targets;
    let result: OverflowError | boolean = true;
    if (this.replaySize > 0) this.remember(message);
    for (let index = 0; index < length; index++) {
      const target = targets[index]!;
      const verdict = target.offer(message, now);
      if (verdict !== 'taken') result = worse(result, verdict, target.owner);
    }
    if (this.plain !== undefined || this.replaySize > 0) this.tellPlain(message);
    return result;
  }

  /** The same for a message whose producer waits for the report. */
  deliverWith(ticket: DeliveryTicket, message: EventMessage): boolean {
    const targets = this.listeners;
    const { length } = targets;
    if (this.replaySize > 0) this.remember(message);
    for (let index = 0; index < length; index++) {
      const { owner } = targets[index]!;
      if (owner.isListening && !ticket.isAborted) ticket.deliver(owner, message);
    }
    this.tellPlain(message);
    ticket.close();
    return true;
  }

  private tellPlain(message: EventMessage): void {
    this.onItsWay = undefined;
    if (this.plain?.observed) this.plain.deliver(message);
  }

  private remember(message: EventMessage): void {
    this.onItsWay = message;
    this.remembered.push(message);
    if (this.remembered.length > this.replaySize) this.remembered.shift();
  }
}

/** The first error counts most; then a copy that is dead or dropped. One that nobody listens for any more counts nothing. */
function worse(
  result: OverflowError | boolean,
  verdict: Verdict,
  { name, isListening }: Listener,
): OverflowError | boolean {
  if (typeof result === 'object' || (verdict === 'rejected' && !isListening)) return result;
  return verdict === 'rejected' ? new OverflowError(`handler '${name}'`) : false;
}
