import { timeText } from '../../broker/wire/cloud-event.ts';
import { contentOf, isJson, jsonOf, mediaTypeOf } from '../../broker/wire/content.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { PlainMessage } from '../../core/message.ts';
import { CROSSING_HEADERS } from './crossing-headers.ts';
import { fits } from './text-size.ts';

/**
 * Writes an event for a bridge: CloudEvents 1.0 in structured mode, JSON in one line. Of its headers, those of the library cross; others may hold what is nobody else's business.
 *
 * @throws NotJsonError, or what a codec throws, for data that cannot be written; InvalidOptionError for an event that is too large
 */
export function writeEvent(event: PlainMessage, definition: EventDefinition, maxEventBytes: number): string {
  const { id, type, time, source = 'millrace', subject, headers } = event;
  const attributes: Record<string, string> = { specversion: '1.0', id, type, source, time: timeText(time, type) };
  if (subject !== undefined) attributes['subject'] = subject;
  if (definition.dataSchema !== undefined) attributes['dataschema'] = definition.dataSchema;
  for (const [header, attribute] of CROSSING_HEADERS) {
    const value = headers[header];
    if (value !== undefined) attributes[attribute] = value;
  }
  const text = `${JSON.stringify(attributes).slice(0, -1)}${dataMember(event, definition)}}`;
  if (fits(text, maxEventBytes)) return text;
  throw new InvalidOptionError(
    `Expected event '${type}' to have at most ${maxEventBytes} bytes as JSON, got more. Send less, such as a link; or raise maxEventBytes on both sides.`,
  );
}

function dataMember({ type, data }: PlainMessage, definition: EventDefinition): string {
  if (definition.codec === undefined && !(data instanceof Uint8Array)) {
    return data === undefined ? '' : `,"datacontenttype":"application/json","data":${jsonOf(data, type, definition)}`;
  }
  const { bytes, type: contentType = '' } = contentOf(data, type, { definition });
  const member = `,"datacontenttype":${JSON.stringify(contentType)}`;
  // Bytes that are JSON are read as they are; as JSON has no other way to carry bytes.
  if (isJson(mediaTypeOf(contentType))) return `${member},"data":${new TextDecoder().decode(bytes)}`;
  return `${member},"data_base64":"${base64Of(bytes)}"`;
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  // In pieces: a call has room for so many arguments only.
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}
