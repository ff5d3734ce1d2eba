import type { BrokerMessage } from '../broker/broker-message.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { NatsClient } from './nats-client.ts';
import type { Subjects } from './subjects.ts';
import { type HeaderBlock, letterToWire, toWire } from './wire.ts';

/** A message as it is sent. */
export interface Outbound {
  readonly id: string;
  readonly subject: string;
  readonly headers: HeaderBlock;
  readonly body: Uint8Array;
}

/** @throws InvalidOptionError for a message that the server would not take */
export function outboundOf(message: BrokerMessage, subjects: Subjects, client: NatsClient): Outbound {
  const { id, topic, body } = message;
  return expectRoom(client, { id, subject: subjects.of(topic), headers: toWire(message), body });
}

/** The same for a letter, which has a subject of its own. */
export function outboundLetterOf(letter: BrokerMessage, subject: string, client: NatsClient): Outbound {
  const { id, body } = letter;
  return expectRoom(client, { id, subject, headers: letterToWire(letter), body });
}

/** What is too large would end the connection. */
function expectRoom(client: NatsClient, outbound: Outbound): Outbound {
  const most = client.info?.max_payload;
  const size = outbound.headers.bytes.length + outbound.body.length;
  if (most === undefined || size <= most) return outbound;
  throw new InvalidOptionError(
    `Expected message '${outbound.id}' to be at most ${most} bytes, the server's max_payload, got ${size} with its headers. Raise max_payload, or keep the body elsewhere and send where it is.`,
  );
}
