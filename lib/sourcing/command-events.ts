import { headersCausedBy } from '../core/causation.ts';
import type { CreateId } from '../core/ids.ts';
import type { MessageHeaders } from '../core/message.ts';
import type { NewEvent } from './new-event.ts';
import type { ExecuteOptions } from './repository.ts';

/** The header with the id of the command that an event comes from. */
export const COMMAND_ID = 'commandId';

/** The id of an event of a command that has an id: it follows from the command, so that the store itself lets it in only once. */
export function commandEventId(stream: string, commandId: string, index: number): string {
  return `${stream}/${commandId}/${index}`;
}

/** Adds what the library adds to decided events: ids, so that an append can be repeated, times, and headers. */
export function completeEvents<Event extends NewEvent>(
  events: readonly Event[],
  stream: string,
  { commandId, causedBy, headers }: ExecuteOptions,
  now: number,
  createId: CreateId,
): readonly Event[] {
  const common: MessageHeaders = {
    ...(causedBy !== undefined && headersCausedBy(causedBy)),
    ...headers,
    ...(commandId !== undefined && { [COMMAND_ID]: commandId }),
  };
  return events.map((event, index) => {
    // Not spread: of a message, that would lose the id.
    const { type, data, time = now, source, subject } = event;
    const id = commandId === undefined ? (event.id ?? createId(time)) : commandEventId(stream, commandId, index);
    const origin = { ...(source !== undefined && { source }), ...(subject !== undefined && { subject }) };
    return { id, type, time, data, ...origin, headers: { ...common, ...event.headers } } as NewEvent as Event;
  });
}
