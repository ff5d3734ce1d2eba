import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage, MessageOptions } from '../core/message.ts';
import type { DeliveryReport } from '../core/outcome.ts';
import { Attempt } from '../process/attempt.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext } from './event-subscription.ts';

/** What sends on behalf of an attempt: the hub. */
export interface AttemptSender {
  emit(definition: EventDefinition, data: unknown, options: MessageOptions, by: BusAttempt): boolean;
  publish(definition: EventDefinition, data: unknown, options: PublishOptions, by: BusAttempt): Promise<DeliveryReport>;
}

/** The context of a bus's handlers. `emit` and `publish` are made when they are read, so that they can be destructured. */
export class BusAttempt extends Attempt<EventMessage> implements BusHandlerContext {
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

  get publish(): BusHandlerContext['publish'] {
    const { event } = this;
    return (definition: EventDefinition, data?: unknown, options?: PublishOptions) =>
      this.#sender.publish(definition, data, causedBy(event, options), this);
  }
}

/** Adds the headers that tie a message to the one that it follows from. What follows from a batch has no one cause. */
function causedBy<Options extends MessageOptions>(
  cause: EventMessage | readonly EventMessage[],
  options: Options = {} as Options,
): Options {
  if (isBatch(cause)) return options;
  const { id, headers } = cause;
  const { correlationId = id, traceparent } = headers;
  const inherited = { correlationId, causationId: id, ...(traceparent !== undefined && { traceparent }) };
  return { ...options, headers: { ...inherited, ...options.headers } };
}

function isBatch(cause: EventMessage | readonly EventMessage[]): cause is readonly EventMessage[] {
  return Array.isArray(cause);
}
