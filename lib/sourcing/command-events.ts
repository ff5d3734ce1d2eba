import { headersCausedBy } from '../core/causation.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { CreateId } from '../core/ids.ts';
import type { MessageHeaders } from '../core/message.ts';
import { expectOptions, show } from '../core/options.ts';
import { expectKey } from './check-arguments.ts';
import type { NewEvent } from './new-event.ts';
import type { ExecuteOptions } from './repository.ts';

/** The header with the id of the command that an event comes from. */
const COMMAND_ID = 'commandId';

/**
 * The id of an event of a command that has an id: it follows from the command, so that the store itself lets it in only once.
 *
 * @throws InvalidOptionError for a command id with which it would not be an id
 */
export function commandEventId(stream: string, commandId: string, index: number): string {
  // Escaped as in a JSON pointer (RFC 6901), so that the first slash ends the stream, and no two commands share an id.
  const name = stream.replaceAll('~', '~0').replaceAll('/', '~1');
  return expectKey('stream/commandId/index', `${name}/${commandId}/${index}`);
}

/** The headers that the options of a command give to its events. */
export function commandHeaders({ causedBy, headers }: ExecuteOptions): MessageHeaders {
  return {
    ...(causedBy !== undefined && headersCausedBy(expectCause(causedBy))),
    ...expectOptions('headers', headers),
  };
}

/** Adds what the library adds to decided events: ids, so that an append can be repeated, times, and headers. */
export function completeEvents<Event extends NewEvent>(
  events: readonly Event[],
  stream: string,
  commandId: string | undefined,
  common: MessageHeaders,
  now: number,
  createId: CreateId,
): readonly Event[] {
  return events.map((event, index) => {
    // Not spread: of a message, that would lose the id.
    const { type, data, time = now, source, subject } = event;
    const id = commandId === undefined ? (event.id ?? createId(time)) : commandEventId(stream, commandId, index);
    const origin = { ...(source !== undefined && { source }), ...(subject !== undefined && { subject }) };
    const headers = { ...common, ...event.headers, ...(commandId !== undefined && { [COMMAND_ID]: commandId }) };
    return { id, type, time, data, ...origin, headers } as NewEvent as Event;
  });
}

function expectCause(cause: NonNullable<ExecuteOptions['causedBy']>): NonNullable<ExecuteOptions['causedBy']> {
  const { id, headers } = (cause ?? {}) as Partial<typeof cause>;
  if (typeof id === 'string' && typeof headers === 'object' && headers !== null) return cause;
  throw new InvalidOptionError(
    `Expected causedBy to be a message or a recorded event, with its id and headers, got ${show(cause)}.`,
  );
}
