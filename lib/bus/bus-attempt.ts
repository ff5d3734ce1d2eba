import { headersCausedBy } from '../core/causation.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import { type EventMessage, type MessageHeaders, type MessageOptions, NO_HEADERS } from '../core/message.ts';
import type { PublishReport } from '../core/outcome.ts';
import { Attempt } from '../process/attempt.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext } from './event-subscription.ts';

/** What sends on behalf of an attempt: the hub. */
export interface AttemptSender {
  emit(definition: EventDefinition, data: unknown, options: MessageOptions, by: BusAttempt): boolean;
  publish(definition: EventDefinition, data: unknown, options: PublishOptions, by: BusAttempt): Promise<PublishReport>;
}

/** The context of a bus's handlers. `emit` and `publish` are made when they are read, so that they can be destructured. */
export class BusAttempt extends Attempt<EventMessage> implements BusHandlerContext<EventDefinition, PublishReport> {
  readonly #sender: AttemptSender;

  constructor(
    sender: AttemptSender,
    owner: object,
    event: EventMessage,
    attempt: number,
    awaitedBy: Attempt<unknown> | undefined,
  ) {
    super(owner, event, attempt, awaitedBy);
    this.#sender = sender;
  }

  get emit(): BusHandlerContext['emit'] {
    const { event } = this;
    return (definition: EventDefinition, data?: unknown, options?: MessageOptions) =>
      this.#sender.emit(definition, data, causedBy(event, options), this);
  }

  get publish(): BusHandlerContext<EventDefinition, PublishReport>['publish'] {
    const { event } = this;
    return (definition: EventDefinition, data?: unknown, options?: PublishOptions) =>
      this.#sender.publish(definition, data, causedBy(event, options), this);
  }
}

/** Adds the headers that tie a message to what it follows from. */
function causedBy<Options extends MessageOptions>(
  cause: EventMessage | readonly EventMessage[],
  options: Options = {} as Options,
): Options {
  const inherited = isBatch(cause) ? fromBatch(cause) : headersCausedBy(cause);
  return { ...options, headers: { ...inherited, ...options.headers } };
}

/** What follows from several events has no one cause; but it belongs to their chain, if they are of one. */
function fromBatch([first, ...rest]: readonly EventMessage[]): MessageHeaders {
  if (first === undefined) return NO_HEADERS;
  if (rest.length === 0) return headersCausedBy(first);
  const correlationId = chainOf(first);
  return rest.every((event) => chainOf(event) === correlationId) ? { correlationId } : NO_HEADERS;
}

function chainOf({ id, headers }: EventMessage): string {
  return headers.correlationId ?? id;
}

function isBatch(cause: EventMessage | readonly EventMessage[]): cause is readonly EventMessage[] {
  return Array.isArray(cause);
}
