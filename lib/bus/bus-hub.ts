import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage, MessageOptions } from '../core/message.ts';
import type { PublishReport } from '../core/outcome.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { Watch } from '../process/watch.ts';
import type { BusStats } from './bus-stats.ts';
import type { Edge } from './edge.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import type { Listening } from './registration.ts';
import type { Topic } from './topic.ts';
import type { Topics } from './topics.ts';

/** What is behind the face of a bus, and behind its subjects: in this process, or across a broker. */
export interface BusHub {
  readonly deadLetters: DeadLetterQueue;
  readonly errors: ErrorReports;
  readonly scheduler: SchedulerLike;
  readonly topics: Topics;
  /** Where data from outside comes in. */
  readonly edge: Edge;
  readonly watch: Watch;
  readonly isClosed: boolean;
  /** Whether messages go from a subject to its subscribers as they are, and at once; then it enters and leaves the dispatcher. */
  readonly isDirect: boolean;
  readonly dispatcher: { enter(): boolean; leave(): void };
  /** Resolves when the handlers that there are can be reached. */
  readonly ready: Promise<void>;
  emit(definition: EventDefinition, data: unknown, options?: MessageOptions): boolean;
  publish(definition: EventDefinition, data: unknown, options?: PublishOptions): Promise<PublishReport>;
  /** A message that was made already. */
  next(topic: Topic, message: EventMessage): void;
  on(
    listening: Listening,
    handler: Handler<EventMessage, BusHandlerContext>,
    options?: OnOptions<EventMessage>,
    isOnce?: boolean,
  ): EventSubscription;
  /**
   * The messages of a listening, as they come.
   *
   * @param subjectOf - the subject of an event
   */
  events(
    listening: Listening,
    subjectOf: (definition: EventDefinition) => Observable<EventMessage>,
  ): Observable<EventMessage>;
  /** Told that somebody subscribes to a subject, until the subscription ends. */
  observed(topic: Topic, subscription: Subscription): void;
  stats(): BusStats;
  drain(options?: DrainOptions): Promise<DrainReport>;
  close(): void;
}
