import { jsonText } from '../core/json.ts';
import type { PlainMessage } from '../core/message.ts';
import type { BrokerMessage } from './broker-message.ts';

/**
 * An event as a broker carries it: CloudEvents 1.0 in binary mode, with JSON data. The event's own headers travel beside its attributes.
 *
 * @param source - of an event that has none; CloudEvents demands one
 */
export function cloudEvent(event: PlainMessage, source: string, key?: string): BrokerMessage {
  const { id, type, time, data, subject, headers } = event;
  const texts = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined);
  return {
    id,
    topic: type,
    time,
    body: data === undefined ? new Uint8Array() : new TextEncoder().encode(jsonText(data, `data of '${type}'`)),
    headers: {
      ...Object.fromEntries(texts),
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-type': type,
      'ce-source': event.source ?? source,
      'ce-time': new Date(time).toISOString(),
      ...(subject !== undefined && { 'ce-subject': subject }),
      ...(data !== undefined && { 'content-type': 'application/json' }),
    },
    ...(key !== undefined && { key }),
  };
}
