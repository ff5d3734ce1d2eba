import { InvalidMessageError } from '../../broker/wire/invalid-message-error.ts';
import { readData, readJsonEvent } from '../../broker/wire/read-cloud-event.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { type MessageHeaders, NO_HEADERS, type PlainMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { AllowList } from './allow-list.ts';
import { BridgeError } from './bridge-error.ts';
import { CROSSING_HEADERS } from './crossing-headers.ts';

/** Characters of an id, a type, a source, a subject or a header at most. */
const MOST_CHARACTERS = 512;

/** An event that may come in, its data not checked yet. */
export interface IncomingEvent {
  readonly definition: EventDefinition;
  readonly message: PlainMessage;
}

/**
 * Reads an event from JSON that was parsed.
 *
 * @throws InvalidMessageError for what is no CloudEvent; BridgeError `NOT_ALLOWED` for an event that is not on the list
 */
export function readEvent(parsed: unknown, receive: AllowList, now: number): IncomingEvent {
  const { content, headers, ...envelope } = readJsonEvent(parsed, {}, now);
  expectShort('id', envelope.id);
  expectShort('type', envelope.type);
  expectShort('source', envelope.source);
  expectShort('subject', envelope.subject);
  const definition = receive.get(envelope.type);
  if (definition === undefined) throw notAllowed(envelope.type, receive);
  const data = readData({ ...envelope, headers, content }, [definition.codec]);
  return { definition, message: { ...envelope, headers: crossing(headers), data } };
}

function crossing(headers: MessageHeaders): MessageHeaders {
  const kept: [string, string][] = [];
  for (const [header] of CROSSING_HEADERS) {
    const value = headers[header];
    if (value !== undefined && value.length <= MOST_CHARACTERS) kept.push([header, value]);
  }
  return kept.length === 0 ? NO_HEADERS : Object.fromEntries(kept);
}

function expectShort(name: string, value: string | undefined): void {
  if (value === undefined || value.length <= MOST_CHARACTERS) return;
  throw new InvalidMessageError(
    `a CloudEvent whose ${name} has at most ${MOST_CHARACTERS} characters`,
    `${value.length} of them`,
  );
}

function notAllowed(type: string, receive: AllowList): BridgeError {
  const list = receive.size === 0 ? 'none' : [...receive.keys()].map((known) => `'${known}'`).join(', ');
  return new BridgeError(
    'NOT_ALLOWED',
    `Expected an event that may come in (${list}), got ${show(type)}. Add its definition to receive, or do not send it.`,
  );
}
