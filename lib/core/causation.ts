import type { EventMessage, MessageHeaders } from './message.ts';

/** What is known of a cause. */
type Cause = Pick<EventMessage, 'headers' | 'id'>;

/** The headers that tie a message to the one that it follows from. */
export function headersCausedBy({ id, headers }: Cause): MessageHeaders {
  const { correlationId = id, traceparent } = headers;
  return { correlationId, causationId: id, ...(traceparent !== undefined && { traceparent }) };
}
