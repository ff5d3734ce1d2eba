import type { EventMessage } from '../../core/message.ts';
import { expectFunction, expectOptions } from '../../core/options.ts';
import type { CircuitBreakerPolicy } from '../../flow/circuit.ts';
import type { RetryPolicy } from '../../flow/retry-policy.ts';
import { type Handler, type HandlerFunction, handlerFunction } from '../../process/handler.ts';
import { DeliveryLostError } from '../delivery-lost-error.ts';
import { ArrivedMessage } from './arrival.ts';

/** Why an event is not handled here: whoever has it now handles it. */
class GoneError extends DeliveryLostError {}

/**
 * Starts nothing that was lost while it waited, or between two attempts. Of a batch, the others are handled.
 *
 * @throws InvalidOptionError for what is no handler
 */
export function heedLoss(handler: Handler<EventMessage>): HandlerFunction<EventMessage> {
  const handle = handlerFunction(handler);
  return (event, context) => handle(stillHere(event), context);
}

/** The same policy, but for what was lost: there is nothing to be tried again. */
export function retryUnlessLost(retry: RetryPolicy): RetryPolicy {
  const { retryIf = () => true } = expectOptions('retry', retry);
  expectFunction('retry.retryIf', retryIf);
  return { ...retry, retryIf: (error, attempt) => !(error instanceof GoneError) && retryIf(error, attempt) };
}

/** The same policy, but for what was lost: that says nothing of what the handler calls. */
export function unlessLost(breaker: CircuitBreakerPolicy): CircuitBreakerPolicy {
  const { failureIf = () => true } = expectOptions('breaker', breaker);
  expectFunction('breaker.failureIf', failureIf);
  return { ...breaker, failureIf: (error) => !(error instanceof GoneError) && failureIf(error) };
}

function stillHere(event: EventMessage): EventMessage {
  if (isBatch(event)) return batchStillHere(event) as unknown as EventMessage;
  if (isGone(event)) throw gone(event);
  return event;
}

function batchStillHere(events: readonly EventMessage[]): readonly EventMessage[] {
  const rest = events.filter((each) => !isGone(each));
  if (rest.length === events.length) return events;
  if (rest.length === 0) throw gone(events[0]!);
  return Object.freeze(rest);
}

/** To the engine, a batch is an event like any other. */
function isBatch(event: unknown): event is readonly EventMessage[] {
  return Array.isArray(event);
}

function isGone(event: EventMessage): boolean {
  return ArrivedMessage.arrivalOf(event)?.delivery?.isOver === true;
}

function gone({ id }: EventMessage): GoneError {
  return new GoneError(id, 'it was lost before it could be handled');
}
