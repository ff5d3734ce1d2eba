import type { BrokerMessage } from '../broker/broker-message.ts';
import { attribute, escaped, isAttribute, needsEscape, unescaped } from './header-values.ts';
import type { NatsHeaders, NatsMessage } from './nats-client.ts';

/** The server removes duplicates by it. */
const MESSAGE_ID = 'Nats-Msg-Id';
/** The same for a letter, which replaces one with the same id. */
const LETTER_ID = 'Millrace-Id';
const KEY = 'Millrace-Key';
const TIME = 'Millrace-Time';
/** The topic of a letter. */
const TOPIC = 'Millrace-Topic';
/** The names of headers whose values are percent-encoded, as NATS could not carry them. */
const ESCAPED = 'Millrace-Escaped';
/** Before a name that would mean something to the server, or to us. */
const ESCAPE = 'Millrace-Header-';
const OWN = /^(?:nats|millrace)-/i;

const ENCODER = /* @__PURE__ */ new TextEncoder();

/** The headers of a message in bytes, made once: as a client wants them. */
export interface HeaderBlock {
  readonly bytes: Uint8Array;
  encode(): Uint8Array;
}

/** Where a message was found. */
export interface Place {
  readonly topic: string;
  /** For a message that names none itself. */
  readonly id: () => string;
  readonly time: () => number;
}

/** The headers of a message as it is published. */
export function toWire({ id, headers, key, time }: BrokerMessage): HeaderBlock {
  return blockOf(MESSAGE_ID, id, headers, key, time);
}

/** The headers of a letter: its topic is kept, its subject is made of its id. */
export function letterToWire({ id, topic, headers, key, time }: BrokerMessage): HeaderBlock {
  return blockOf(LETTER_ID, id, headers, key, time, `\r\n${TOPIC}: ${topic}`);
}

/** A message that has come, whoever has published it. */
export function fromWire({ headers, data }: NatsMessage, place: Place): BrokerMessage {
  const own: Record<string, string> = {};
  const read = readAll(headers, own);
  const message = {
    id: read.id ?? own['ce-id'] ?? place.id(),
    topic: read.topic ?? place.topic,
    // Not a Buffer, whose slice() copies nothing.
    body: new Uint8Array(data.buffer, data.byteOffset, data.length),
    headers: Object.freeze(own),
    time: read.time ?? place.time(),
  };
  return Object.freeze(read.key === undefined ? message : { ...message, key: read.key });
}

function blockOf(
  idName: string,
  id: string,
  headers: BrokerMessage['headers'],
  key: string | undefined,
  time: number | undefined,
  more = '',
): HeaderBlock {
  const escapedNames: string[] = [];
  const line = (name: string, value: string): string => {
    if (!needsEscape(value)) return `\r\n${name}: ${value}`;
    escapedNames.push(name);
    return `\r\n${name}: ${escaped(value)}`;
  };
  let text = `NATS/1.0${line(idName, id)}${more}`;
  if (key !== undefined) text += line(KEY, key);
  if (time !== undefined) text += `\r\n${TIME}: ${time}`;
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    if (isAttribute(name)) text += `\r\n${name}: ${attribute(value)}`;
    // A colon would end the name.
    else text += line(OWN.test(name) || name.includes(':') ? ESCAPE + encodeURIComponent(name) : name, value);
  }
  if (escapedNames.length > 0) text += `\r\n${ESCAPED}: ${escapedNames.join(' ')}`;
  const bytes = ENCODER.encode(`${text}\r\n\r\n`);
  return { bytes, encode: () => bytes };
}

/** What headers of ours say. */
interface OwnHeaders {
  id?: string;
  key?: string;
  time?: number;
  topic?: string;
}

function readAll(headers: NatsHeaders | undefined, into: Record<string, string>): OwnHeaders {
  const own: OwnHeaders = {};
  if (headers === undefined) return own;
  const list = headers.get(ESCAPED);
  const escapedNames = list === '' ? undefined : new Set(list.split(' '));
  for (const [name, values] of headers) {
    const text = values.length === 1 ? values[0]! : values.join(', ');
    const value = escapedNames?.has(name) ? unescaped(text) : text;
    if (!OWN.test(name)) into[readable(name)] = isAttribute(name) ? unescaped(text) : value;
    else if (name.startsWith(ESCAPE)) into[unescaped(name.slice(ESCAPE.length))] = value;
    else readOwn(own, name, value);
  }
  return own;
}

function readOwn(own: OwnHeaders, name: string, value: string): void {
  if (value === '') return;
  if (name === MESSAGE_ID || name === LETTER_ID) own.id = value;
  else if (name === KEY) own.key = value;
  else if (name === TOPIC) own.topic = value;
  else if (name === TIME && Number.isFinite(Number(value))) own.time = Number(value);
}

/** Names of other programs may be any text. */
function readable(name: string): string {
  return /^[!-~]+$/.test(name) ? name : name.replaceAll(/[^!-~]+/gu, encodeURIComponent);
}
