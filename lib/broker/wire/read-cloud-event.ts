import type { Codec } from '../../core/codec.ts';
import { type MessageHeaders, NO_HEADERS, type PlainMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { PLACED } from './cloud-event.ts';
import { type Content, isJson, mediaTypeOf, readContent } from './content.ts';
import { InvalidMessageError } from './invalid-message-error.ts';

/** An event as it came, its data not read yet. */
export interface ReceivedEvent extends Omit<PlainMessage, 'data'> {
  readonly content: Content | { readonly data: unknown };
}

/**
 * Reads the envelope of a message: CloudEvents 1.0 in binary mode, or in structured mode with JSON. Headers that are no attributes become the event's own, and so do attributes that are not
 * ours, under their names on the wire, such as `ce-dataschema`.
 *
 * @param now - the time of an event that says none
 * @throws InvalidMessageError for a message that is no such event
 */
export function readCloudEvent(message: BrokerMessage, now: number): ReceivedEvent {
  const contentType = message.headers['content-type'];
  const mediaType = contentType === undefined ? '' : mediaTypeOf(contentType);
  if (mediaType.startsWith('application/cloudevents')) return readStructured(message, mediaType, now);
  const content: Content = { bytes: message.body, type: contentType };
  return readAttributes(message.headers, content, message.time ?? now);
}

/**
 * Reads the data of an event.
 *
 * @param codecs - those that may be asked, the first one first
 * @throws InvalidMessageError for data that cannot be read
 */
export function readData({ content }: ReceivedEvent, codecs: readonly (Codec | undefined)[]): unknown {
  return 'data' in content ? content.data : readContent(content, codecs);
}

/** Attributes that are headers of ours: EXTENSIONS the other way round, and the trace of other libraries. */
const OURS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['ce-correlationid', 'correlationId'],
  ['ce-causationid', 'causationId'],
  ['ce-traceparent', 'traceparent'],
]);

function readAttributes(
  attributes: Readonly<Record<string, string>>,
  content: ReceivedEvent['content'],
  otherwise: number,
): ReceivedEvent {
  if (attributes['ce-specversion'] === undefined) {
    throw new InvalidMessageError('a CloudEvent, with the header ce-specversion', `headers ${namesOf(attributes)}`);
  }
  if (attributes['ce-specversion'] !== '1.0') {
    throw new InvalidMessageError('a CloudEvent of version 1.0', `version ${show(attributes['ce-specversion'])}`);
  }
  const source = attributeOf(attributes, 'ce-source');
  const subject = attributes['ce-subject'];
  return {
    id: attributeOf(attributes, 'ce-id'),
    type: attributeOf(attributes, 'ce-type'),
    time: timeOf(attributes['ce-time']) ?? otherwise,
    source,
    ...(subject !== undefined && { subject }),
    headers: ownHeaders(attributes),
    content,
  };
}

function attributeOf(attributes: Readonly<Record<string, string>>, name: string): string {
  const value = attributes[name];
  if (value !== undefined && value !== '') return value;
  throw new InvalidMessageError(`a CloudEvent with the header ${name}`, show(value));
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new InvalidMessageError('a CloudEvent whose ce-time is a time as RFC 3339 has it', show(text));
}

/** Where a header and an attribute mean the same, such as `traceparent`, the header is newer: whoever passed the message on has written it. */
function ownHeaders(attributes: Readonly<Record<string, string>>): MessageHeaders {
  const named: [string, string][] = [];
  for (const name of Object.keys(attributes)) {
    if (PLACED.has(name)) continue;
    const ours = OURS.get(name) ?? name;
    if (ours === name || !Object.hasOwn(attributes, ours)) named.push([ours, attributes[name]!]);
  }
  // Most events have none.
  return named.length === 0 ? NO_HEADERS : Object.fromEntries(named);
}

/** The whole event is in the body; headers beside it are the transport's own. */
function readStructured({ body, headers, time }: BrokerMessage, mediaType: string, now: number): ReceivedEvent {
  if (mediaType !== 'application/cloudevents+json') {
    throw new InvalidMessageError('a CloudEvent in JSON, one a message', `content type '${mediaType}'`);
  }
  return readJsonEvent(readContent({ bytes: body, type: 'application/json' }, []), headers, time ?? now);
}

/**
 * Reads an event in structured mode that was JSON.
 *
 * @param headers - what the transport has said beside it
 * @throws InvalidMessageError for a value that is no such event
 */
export function readJsonEvent(
  parsed: unknown,
  headers: Readonly<Record<string, string>>,
  otherwise: number,
): ReceivedEvent {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InvalidMessageError('a CloudEvent as a JSON object', show(parsed));
  }
  const { data, data_base64: base64, datacontenttype, ...attributes } = parsed as Readonly<Record<string, unknown>>;
  const texts: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(attributes)) {
    // JSON's null is no value, as of every attribute.
    if (value !== null) texts[`ce-${name}`] = attributeText(name, value);
  }
  const type = typeof datacontenttype === 'string' ? datacontenttype : undefined;
  const isBase64 = base64 !== undefined && base64 !== null;
  const content = isBase64 ? { bytes: bytesOf(base64), type } : contentOfJson(data, type);
  return readAttributes(texts, content, otherwise);
}

function attributeText(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InvalidMessageError(`a CloudEvent whose attribute ${name} is a text, a number or a boolean`, show(value));
}

/** JSON data is there as it is; of another type, it is a text. */
function contentOfJson(data: unknown, type: string | undefined): ReceivedEvent['content'] {
  if (type === undefined || isJson(mediaTypeOf(type)) || typeof data !== 'string') return { data };
  return { bytes: new TextEncoder().encode(data), type };
}

function bytesOf(base64: unknown): Uint8Array {
  try {
    if (typeof base64 === 'string') return Uint8Array.from(atob(base64), (character) => character.codePointAt(0)!);
  } catch {
    // Said below.
  }
  throw new InvalidMessageError('a CloudEvent whose data_base64 is base64', show(base64));
}

function namesOf(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers);
  return names.length === 0 ? 'none' : names.join(', ');
}
