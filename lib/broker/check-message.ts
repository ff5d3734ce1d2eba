import { InvalidOptionError } from '../core/errors.ts';
import { expectName, expectOptions, show } from '../core/options.ts';
import type { BrokerMessage } from './broker-message.ts';

/** A copy of what is to be published, frozen but for its bytes: whoever published it may go on with the original. */
export function checkedMessage(message: BrokerMessage, now: number): BrokerMessage {
  const { id, topic, body, headers, key, time = now } = expectMessage(message);
  return Object.freeze({
    id,
    topic,
    body: new Uint8Array(body),
    headers: Object.freeze({ ...headers }),
    ...(key !== undefined && { key }),
    time,
  });
}

/** Returns `topic` if a message can be published to it. */
export function expectTopic(name: string, topic: string): string {
  if (typeof topic === 'string' && /^[^\s.*>]+(\.[^\s.*>]+)*$/u.test(topic)) return topic;
  throw new InvalidOptionError(
    `Expected ${name} to be dot-separated tokens without spaces, '*' and '>', such as 'user.signed_up', got ${show(topic)}.`,
  );
}

/** Returns a message if every broker could carry it, whatever its size. */
export function expectMessage(message: BrokerMessage): BrokerMessage {
  if (message === undefined || message === null) {
    throw new InvalidOptionError(`Expected a message { id, topic, body, headers }, got ${show(message)}.`);
  }
  const { id, topic, body, headers, key, time } = expectOptions('message', message);
  expectName('message.id', id);
  expectTopic('message.topic', topic);
  if (!(body instanceof Uint8Array)) {
    throw new InvalidOptionError(
      `Expected message.body to be a Uint8Array, got ${show(body)}. Encode text with new TextEncoder().encode(text).`,
    );
  }
  expectHeaders(headers);
  if (key !== undefined) expectName('message.key', key);
  if (time !== undefined && !Number.isFinite(time)) {
    throw new InvalidOptionError(`Expected message.time to be epoch milliseconds, got ${show(time)}.`);
  }
  return message;
}

function expectHeaders(headers: BrokerMessage['headers']): void {
  if (typeof headers !== 'object' || headers === null) {
    throw new InvalidOptionError(`Expected message.headers to be an object of texts, got ${show(headers)}.`);
  }
  for (const name of Object.keys(headers)) {
    const value: unknown = headers[name];
    if (!/^[!-~]+$/u.test(name)) {
      throw new InvalidOptionError(
        `Expected the names in message.headers to be ASCII without spaces, got ${show(name)}.`,
      );
    }
    if (typeof value !== 'string') {
      throw new InvalidOptionError(`Expected message.headers['${name}'] to be a text, got ${show(value)}.`);
    }
  }
}
