import type { Codec } from '../../core/codec.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { NO_HEADERS, type PlainMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { contentOf } from './content.ts';

/** How an event is written. */
export interface CloudEventOptions {
  /** Of an event that has none; CloudEvents demands one. */
  readonly source: string;
  /** What it must stay in order with. */
  readonly key?: string | undefined;
  /** Its definition, where it is known. */
  readonly definition?: EventDefinition | undefined;
  /** Writes data, unless the definition has a codec of its own. */
  readonly codec?: Codec | undefined;
}

/** Headers of ours that CloudEvents has attributes for. */
const EXTENSIONS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['correlationId', 'ce-correlationid'],
  ['causationId', 'ce-causationid'],
]);

/** Attributes that have places of their own in a message, or that say how it is written: no header of an event's own is taken for one of them. */
export const PLACED: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'ce-specversion',
  'ce-id',
  'ce-type',
  'ce-source',
  'ce-time',
  'ce-subject',
  'ce-partitionkey',
  'content-type',
]);

/**
 * An event as a broker carries it: CloudEvents 1.0 in binary mode. Attributes are headers that begin with `ce-`, which each adapter names as its protocol's binding does; the
 * event's own headers travel beside them.
 *
 * After CloudEvents 1.0.2, with the extensions Correlation and Partitioning (cloudevents.io).
 *
 * @throws NotJsonError, or what a codec throws, for data that cannot be written; InvalidOptionError for a time that is none
 */
export function cloudEvent(event: PlainMessage, options: CloudEventOptions): BrokerMessage {
  const { id, type, time, data, source = options.source, subject } = event;
  const { key, definition } = options;
  const { bytes, type: contentType } = contentOf(data, type, options);
  const headers = ownHeaders(event);
  headers['ce-specversion'] = '1.0';
  headers['ce-id'] = id;
  headers['ce-type'] = type;
  headers['ce-source'] = source;
  headers['ce-time'] = timeText(time, type);
  if (subject !== undefined) headers['ce-subject'] = subject;
  if (definition?.dataSchema !== undefined) headers['ce-dataschema'] = definition.dataSchema;
  if (contentType !== undefined) headers['content-type'] = contentType;
  const message = { id, topic: type, time, body: bytes, headers };
  if (key === undefined) return message;
  headers['ce-partitionkey'] = key;
  return { ...message, key };
}

/** Not by assignment, since a name may be `__proto__`. */
function ownHeaders({ headers }: PlainMessage): Record<string, string> {
  if (headers === NO_HEADERS) return {};
  const written: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !PLACED.has(name)) written.push([EXTENSIONS.get(name) ?? name, value]);
  }
  return Object.fromEntries(written);
}

/**
 * A time as RFC 3339 has it: years of four digits.
 *
 * @throws InvalidOptionError for a time that is none
 */
export function timeText(time: number, type: string): string {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  if (year >= 0 && year <= 9_999) return date.toISOString();
  throw new InvalidOptionError(
    `Expected the time of '${type}' to be epoch milliseconds of the years 0 to 9999, got ${show(time)}.`,
  );
}
