import type { Codec } from '../../core/codec.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { jsonForm, jsonText } from '../../core/json.ts';
import { isUnchecked } from '../../core/schema.ts';
import { InvalidMessageError } from './invalid-message-error.ts';

/** Data on the wire. */
export interface Content {
  readonly bytes: Uint8Array;
  /** None where there is no data. */
  readonly type: string | undefined;
}

const ENCODER = /* @__PURE__ */ new TextEncoder();
const DECODER = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';

/**
 * Writes data: by the event's own codec, as they are if they are bytes, or by the bus's codec; as JSON if it has none.
 *
 * @throws NotJsonError for what JSON cannot keep, unless the event has a schema that brings it back; what a codec throws
 */
export function contentOf(
  data: unknown,
  type: string,
  { definition, codec }: { readonly definition?: EventDefinition | undefined; readonly codec?: Codec | undefined },
): Content {
  const chosen = definition?.codec ?? (data instanceof Uint8Array ? BYTES : codec);
  if (data === undefined && definition?.codec === undefined) return { bytes: new Uint8Array(), type: undefined };
  if (chosen !== undefined) return { bytes: chosen.encode(data), type: chosen.contentType };
  return { bytes: ENCODER.encode(jsonOf(data, type, definition)), type: JSON_TYPE };
}

/**
 * Writes data as JSON.
 *
 * @throws NotJsonError for what JSON cannot keep, unless the event has a schema that brings it back
 */
export function jsonOf(data: unknown, type: string, definition: EventDefinition | undefined): string {
  const what = `data of '${type}'`;
  const isPlain = definition === undefined || isUnchecked(definition.schema);
  // Strictly, too, what JSON makes of it: a function would be left out.
  return jsonText(isPlain ? data : jsonForm(data, what), what);
}

/**
 * Reads data by its content type: by the first codec that has it; JSON, text and bytes by ourselves.
 *
 * @throws InvalidMessageError for a type that nobody reads, or bytes that are not of their type
 */
export function readContent({ bytes, type }: Content, codecs: readonly (Codec | undefined)[]): unknown {
  if (type === undefined && bytes.length === 0) return undefined;
  const mediaType = mediaTypeOf(type ?? JSON_TYPE);
  const codec = codecs.find((known) => known !== undefined && mediaTypeOf(known.contentType) === mediaType);
  try {
    if (codec !== undefined) return codec.decode(bytes);
    if (isJson(mediaType)) return JSON.parse(DECODER.decode(bytes));
    if (mediaType === BYTES_TYPE) return bytes;
    if (mediaType.startsWith('text/')) return DECODER.decode(bytes);
  } catch (error) {
    throw new InvalidMessageError(`data that is ${mediaType}, as it says`, `${bytes.length} bytes that are not`, {
      cause: error,
    });
  }
  throw new InvalidMessageError(
    'data of a content type that can be read, such as application/json',
    `'${type}'; give the event, or the bus, a codec for it`,
  );
}

/** Whether a media type is JSON, or a format that is written in it. */
export function isJson(mediaType: string): boolean {
  return mediaType === JSON_TYPE || mediaType.endsWith('+json');
}

/** Without parameters, such as a charset. Names of media types know no case. */
export function mediaTypeOf(contentType: string): string {
  if (contentType === JSON_TYPE) return JSON_TYPE;
  return contentType.split(';', 1)[0]!.trim().toLowerCase();
}

const BYTES: Codec = { contentType: BYTES_TYPE, encode: (data) => data as Uint8Array, decode: (bytes) => bytes };
