import type { SchedulerLike } from 'rxjs';
import { MillraceError, type OverflowError } from '../core/errors.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount } from '../core/options.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import type { DeliveryTicket } from './delivery-ticket.ts';
import type { Topic } from './topic.ts';

interface Queued {
  readonly topic: Topic;
  readonly message: EventMessage;
  readonly ticket: DeliveryTicket | undefined;
}

/**
 * Delivers one message at a time: what is sent while another is being delivered is queued behind it, so that all handlers see
 * all events in the same order. A turn is one message and all that is sent, synchronously, in consequence of it.
 */
export class Dispatcher {
  private readonly scheduler: SchedulerLike;
  private readonly maxEventsPerTurn: number;
  private readonly errors: ErrorReports;
  private readonly queue = new RingBuffer<Queued>();
  /** Messages that were sent. */
  sent = 0;
  /** Called at the end of each turn. */
  onRest: (() => void) | undefined = undefined;
  /** Nothing is delivered any more. */
  isClosed = false;
  private isDelivering = false;
  private eventsInTurn = 0;

  constructor(scheduler: SchedulerLike, maxEventsPerTurn: number | undefined = 10_000, errors: ErrorReports) {
    this.scheduler = scheduler;
    this.maxEventsPerTurn = expectCount('maxEventsPerTurn', maxEventsPerTurn, 1, true);
    this.errors = errors;
  }

  /** Whether nothing waits to be delivered. */
  get isIdle(): boolean {
    return !this.isDelivering;
  }

  /**
   * @returns whether every handler handles the message or lets it wait; `true` if it was queued
   * @throws OverflowError when a handler rejected it, after all others have it
   */
  dispatch(topic: Topic, message: EventMessage, now: number, ticket?: DeliveryTicket): boolean {
    if (!this.enter()) return this.enqueue({ topic, message, ticket });
    let result: OverflowError | boolean;
    try {
      result = ticket === undefined ? topic.deliver(message, now) : topic.deliverWith(ticket, message);
    } finally {
      this.leave();
    }
    if (typeof result === 'object') throw result;
    return result;
  }

  /** Begins a turn, unless there is one; whoever begins it delivers one message and leaves. */
  enter(): boolean {
    if (this.isDelivering) return false;
    this.isDelivering = true;
    this.sent++;
    return true;
  }

  /** Ends a turn: delivers what was sent meanwhile. */
  leave(): void {
    if (this.eventsInTurn > 0) this.deliverQueued();
    this.isDelivering = false;
    this.onRest?.();
  }

  /** An endless ping-pong ends at the emit that is one too many: the handler that made it fails, and no event is lost. */
  private enqueue(queued: Queued): true {
    if (++this.eventsInTurn >= this.maxEventsPerTurn) {
      throw new MillraceError(
        'EMIT_LOOP',
        `Expected at most ${this.maxEventsPerTurn} events in one turn, got one more, of type '${queued.message.type}'. Do handlers emit to each other for ever? If not, raise maxEventsPerTurn.`,
      );
    }
    this.sent++;
    this.queue.push(queued);
    return true;
  }

  private deliverQueued(): void {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const { topic, message, ticket } = next;
      if (this.isClosed) {
        ticket?.refuse();
        continue;
      }
      const result =
        ticket === undefined ? topic.deliver(message, this.scheduler.now()) : topic.deliverWith(ticket, message);
      // Whoever emitted it has long gone on.
      if (typeof result === 'object') this.errors.report('overflow', result);
    }
    this.eventsInTurn = 0;
  }
}
