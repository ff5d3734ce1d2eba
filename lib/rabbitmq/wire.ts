import type { BrokerMessage } from '../broker/broker-message.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { randomId } from '../core/ids.ts';
import { show } from '../core/options.ts';
import type { RabbitMqMessage, RabbitMqProperties, RabbitMqPublish } from './amqp.ts';
import { readName, wireName } from './header-names.ts';

/** What AMQP has no property for travels in headers of these names. */
const OWN = {
  /** The id, where it is longer than a property may be. */
  id: 'x-millrace-id',
  key: 'x-millrace-key',
  /** Milliseconds: the property has seconds. */
  time: 'x-millrace-time',
  /** The topic, where the routing key leads to a queue. */
  topic: 'x-millrace-topic',
  /** How often it was delivered before it was published again. */
  deliveries: 'x-millrace-deliveries',
  /** When it was put directly into its queue, in milliseconds. */
  added: 'x-millrace-added',
} as const;

/** The longest text of a property, a routing key, or the name of a header, in bytes. */
const LONGEST_NAME = 255;
/** `amqplib` writes all headers of a message into a buffer of 64 KiB. */
const MOST_HEADER_BYTES = 60_000;

/** What goes over the wire for a message. */
export interface Outbound {
  /** What its receipt names. */
  readonly id: string;
  readonly routingKey: string;
  readonly content: Uint8Array;
  readonly properties: RabbitMqPublish;
}

/** A message that has come. */
export interface Inbound {
  readonly message: BrokerMessage;
  /** How often it was delivered before it was published again. */
  readonly deliveries: number;
}

/**
 * A message as it is published. Attributes of CloudEvents have the prefix of their AMQP binding.
 *
 * @throws InvalidOptionError for one that AMQP cannot carry
 */
export function toWire({ id, topic, body, headers, key, time }: BrokerMessage): Outbound {
  expectShort('message.topic', topic);
  const written: Record<string, unknown> = {};
  let contentType: string | undefined;
  let size = 0;
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    if (name === 'content-type' && isShort(value)) {
      contentType = value;
      continue;
    }
    const wired = wireName(name);
    expectShort('the name of a header', wired);
    written[wired] = value;
    size += wired.length + value.length * 3;
  }
  if (key !== undefined) {
    written[OWN.key] = key;
    size += key.length * 3;
  }
  if (time !== undefined) written[OWN.time] = time;
  const isIdShort = isShort(id);
  if (!isIdShort) {
    written[OWN.id] = id;
    size += id.length * 3;
  }
  if (size > MOST_HEADER_BYTES) expectRoom(written);
  return {
    id,
    routingKey: topic,
    content: bytesOf(body),
    properties: {
      headers: written,
      contentType,
      messageId: isIdShort ? id : undefined,
      timestamp: time !== undefined && time >= 0 ? Math.floor(time / 1_000) : undefined,
      persistent: true,
      mandatory: true,
    },
  };
}

/** A message that has come, whoever has published it. */
export function fromWire({ content, fields, properties }: RabbitMqMessage, now: () => number): Inbound {
  const { headers: wired = {}, contentType, messageId, timestamp } = properties;
  const headers: Record<string, string> = {};
  for (const name of Object.keys(wired)) {
    const own = readName(name);
    if (own !== undefined) headers[own] = textOf(wired[name]);
  }
  if (contentType !== undefined) headers['content-type'] = contentType;
  const key = wired[OWN.key];
  const id = firstText(messageId, wired[OWN.id], headers['ce-id']);
  const message: BrokerMessage = {
    // No place in a queue is for good: each delivery of a nameless message is one of its own.
    id: id ?? randomId(),
    topic: firstText(wired[OWN.topic]) ?? fields.routingKey,
    // Not a Buffer, whose slice() copies nothing.
    body: new Uint8Array(content.buffer, content.byteOffset, content.length),
    headers: Object.freeze(headers),
    ...(key !== undefined && { key: textOf(key) }),
    time: timeOf(wired[OWN.time], timestamp) ?? now(),
  };
  return { message: Object.freeze(message), deliveries: countOf(wired[OWN.deliveries]) };
}

/** A message that has come, to be published again: with all that it had, but for what the server has noted on it. */
export function again(
  { content, properties }: RabbitMqMessage,
  { id, topic, time }: BrokerMessage,
  changes: {
    readonly routingKey: string;
    /** How often it was delivered. */
    readonly deliveries?: number;
    /** More headers. */
    readonly headers?: Readonly<Record<string, string>>;
    /** Whether the routing key is not its topic. */
    readonly keepsTopic?: boolean;
  },
): Outbound {
  const { contentType, contentEncoding, timestamp, priority, correlationId, replyTo, type, appId } = properties;
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties.headers ?? {})) {
    if (!isServersOwn(name)) kept[name] = value;
  }
  delete kept[OWN.deliveries];
  delete kept[OWN.topic];
  const { routingKey, deliveries, headers = {}, keepsTopic = false } = changes;
  // A nameless message has a name from now on, and a time.
  const isIdShort = isShort(id);
  if (!isIdShort) kept[OWN.id] = id;
  if (time !== undefined) kept[OWN.time] = time;
  if (deliveries !== undefined) kept[OWN.deliveries] = deliveries;
  if (keepsTopic) kept[OWN.topic] = topic;
  const messageId = isIdShort ? id : undefined;
  const kinds: RabbitMqProperties = {
    contentType,
    contentEncoding,
    timestamp,
    priority,
    correlationId,
    replyTo,
    type,
    appId,
  };
  return {
    id,
    routingKey,
    content: bytesOf(content),
    properties: { ...kinds, messageId, headers: { ...kept, ...headers }, persistent: true, mandatory: true },
  };
}

/** A message whose topic is kept with it, for a queue that it goes to directly. */
export function addressed(message: BrokerMessage, queue: string, now: number): Outbound {
  const { content, properties } = toWire(message);
  const headers = { ...properties.headers, [OWN.topic]: message.topic, [OWN.added]: now };
  return { id: message.id, routingKey: queue, content, properties: { ...properties, headers } };
}

/** When a message was put directly into its queue. */
export function addedAt({ properties }: RabbitMqMessage): number {
  return countOf(properties.headers?.[OWN.added]);
}

/** How often this delivery's message was delivered, this time included. */
export function deliveryCountOf({ fields, properties }: RabbitMqMessage, before: number): number {
  const counted = properties.headers?.['x-delivery-count'];
  // Queues that do not count say whether it is the first time.
  const here = typeof counted === 'number' ? counted + 1 : fields.redelivered === true ? 2 : 1;
  return before + here;
}

/** Returns `text` if AMQP has room for it. */
export function expectShort(what: string, text: string): string {
  if (isShort(text)) return text;
  throw new InvalidOptionError(
    `Expected ${what} to be at most ${LONGEST_NAME} bytes in UTF-8, as AMQP has it, got ${Buffer.byteLength(text)}: ${show(text)}.`,
  );
}

function isShort(text: string): boolean {
  return text.length * 3 <= LONGEST_NAME || Buffer.byteLength(text) <= LONGEST_NAME;
}

function expectRoom(headers: Readonly<Record<string, unknown>>): void {
  let size = 0;
  for (const [name, value] of Object.entries(headers)) size += name.length + Buffer.byteLength(String(value)) + 6;
  if (size <= MOST_HEADER_BYTES) return;
  throw new InvalidOptionError(
    `Expected message.headers to be at most ${MOST_HEADER_BYTES} bytes together, got ${size}. Put what is large into the body.`,
  );
}

function isServersOwn(name: string): boolean {
  return name.startsWith('x-') && readName(name) === undefined && !name.startsWith('x-millrace-');
}

function bytesOf(body: Uint8Array): Uint8Array {
  return Buffer.from(body.buffer, body.byteOffset, body.length);
}

function firstText(...values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}

function timeOf(exact: unknown, seconds: unknown): number | undefined {
  if (typeof exact === 'number') return exact;
  return typeof seconds === 'number' ? seconds * 1_000 : undefined;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

/** A header of another program may be of any kind. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  // oxlint-disable-next-line typescript/no-base-to-string -- objects are answered above
  return String(value);
}
