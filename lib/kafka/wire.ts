import type { BrokerMessage } from '../broker/broker-message.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import { readName, wireName } from './header-names.ts';
import type { BytePool } from './byte-pool.ts';
import type { KafkaHeaders, KafkaIncoming } from './kafka-client.ts';

/** What Kafka has no field for travels in headers of these names. */
export const OWN = {
  id: 'millrace-id',
  /** Where the time is not the record's. */
  time: 'millrace-time',
  /** Where the record is not in its own topic: the topic and the key of the message. */
  topic: 'millrace-topic',
  key: 'millrace-key',
  /** How often it was delivered before it was published again. */
  deliveries: 'millrace-deliveries',
  /** When it may be delivered again: epoch milliseconds. */
  due: 'millrace-due',
} as const;

/** What Kafka adds to each record, about; it is for bounds only. */
const OVERHEAD_BYTES = 40;
const ENCODER = /* @__PURE__ */ new TextEncoder();

/** A record before its partition is chosen. */
export interface Outbound {
  /** What its receipt names. */
  readonly id: string;
  /** The topic on the server. */
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Record<string, Uint8Array | string>;
  readonly timestamp: string;
  /** About how large it is. */
  readonly size: number;
}

/** A message as it is published. Attributes of CloudEvents have the prefix of their Kafka binding. */
export function toWire({ id, topic, body, headers, key, time = 0 }: BrokerMessage, prefix: string): Outbound {
  const written: Record<string, string> = {};
  let size = OVERHEAD_BYTES + body.length;
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    const wired = wireName(name);
    written[wired] = value;
    size += wired.length + value.length;
  }
  // A CloudEvent says its id itself.
  if (headers['ce-id'] !== id) {
    written[OWN.id] = id;
    size += OWN.id.length + id.length;
  }
  const isTimestamp = Number.isSafeInteger(time) && time >= 0;
  if (!isTimestamp) written[OWN.time] = String(time);
  const keyBytes = key === undefined ? null : bytesOf(ENCODER.encode(key));
  return {
    id,
    topic: prefix + topic,
    key: keyBytes,
    value: bytesOf(body),
    headers: written,
    timestamp: isTimestamp ? String(time) : '0',
    size: size + (keyBytes?.length ?? 0),
  };
}

/** The same in another topic than its own: all that it says of itself is in its headers. */
export function elsewhere(
  message: BrokerMessage,
  topic: string,
  now: number,
  more: Readonly<Record<string, string>> = {},
): Outbound {
  const { headers, ...record } = toWire(message, '');
  const own: Record<string, string> = { [OWN.topic]: message.topic, [OWN.time]: String(message.time ?? now), ...more };
  if (message.key !== undefined) own[OWN.key] = message.key;
  // Its own time would let it be deleted for its age.
  return { ...record, topic, headers: { ...headers, ...own }, timestamp: String(now) };
}

/** A message that has come, whoever has published it. */
export function fromWire(record: KafkaIncoming, topic: string, partition: number, pool: BytePool): BrokerMessage {
  const { key, value, timestamp, offset, headers: wired } = record;
  const own: Own = {};
  const headers = wired === undefined ? NONE : headersOf(wired, own);
  const ownKey = own.topic === undefined ? textOrNone(key) : own.key;
  const id = firstText(own.id, headers['ce-id']) ?? `${topic}/${partition}/${offset}`;
  // Bytes of its own: whoever writes into them changes nothing here.
  const body = value === null || value === undefined ? new Uint8Array() : pool.copy(value);
  const time = Number(own.time ?? timestamp);
  if (ownKey === undefined || ownKey === '') return { id, topic: own.topic ?? topic, body, headers, time };
  return { id, topic: own.topic ?? topic, body, headers, key: ownKey, time };
}

/** What headers of ours say. */
interface Own {
  id?: string;
  time?: string;
  topic?: string;
  key?: string;
}

function headersOf(wired: KafkaHeaders, own: Own): Readonly<Record<string, string>> {
  let headers: Record<string, string> | undefined;
  // Quicker than by a list of their names, and it is the client's own plain object.
  for (const name in wired) {
    const value = wired[name];
    // Nearly every record has it: it is not looked up.
    if (name === OWN.id) {
      own.id = textOf(value);
      continue;
    }
    const read = readName(name);
    if (read !== undefined) (headers ??= {})[read] = textOf(value);
    else if (name === OWN.time) own.time = textOf(value);
    else if (name === OWN.topic) own.topic = textOf(value);
    else if (name === OWN.key) own.key = textOf(value);
  }
  return headers === undefined ? NONE : Object.freeze(headers);
}

/** A header of ours. */
export function ownHeader({ headers }: KafkaIncoming, name: string): string | undefined {
  const value = headers?.[name];
  return value === undefined ? undefined : textOf(value);
}

/** What it keeps in memory, about. */
export function sizeOf({ key, value }: KafkaIncoming): number {
  return OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
}

/** Returns `topic` if Kafka can have it. */
export function expectKafkaTopic(what: string, topic: string, prefix: string): string {
  const name = prefix + topic;
  if (/^[\w.-]{1,249}$/.test(name) && name !== '.' && name !== '..') return topic;
  throw new InvalidOptionError(
    `Expected ${what} to be at most 249 letters, digits, '.', '-' and '_', as Kafka has it, got ${show(name)}.`,
  );
}

/** A view of the same bytes, as the client wants it. */
export function bytesOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const NONE: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({});

function textOrNone(bytes: Uint8Array | string | null | undefined): string | undefined {
  return bytes === null || bytes === undefined ? undefined : textOf(bytes);
}

function firstText(one: string | undefined, other: string | undefined): string | undefined {
  if (one !== undefined && one !== '') return one;
  return other === '' ? undefined : other;
}

/** A header may be there several times: the last one counts, as it does in Kafka's own clients. */
function textOf(value: Uint8Array | string | readonly (Uint8Array | string)[] | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return utf8(value);
  return textOf(value.at(-1));
}

function utf8(bytes: Uint8Array): string {
  // Without a name, no encoding is looked up: it is UTF-8.
  return Buffer.isBuffer(bytes) ? bytes.toString() : Buffer.from(bytes).toString();
}
