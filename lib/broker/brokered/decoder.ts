import type { Topics } from '../../bus/topics.ts';
import type { Codec } from '../../core/codec.ts';
import type { EventMessage } from '../../core/message.ts';
import { checkData, isPromiseLike } from '../../core/schema.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { InvalidMessageError } from '../wire/invalid-message-error.ts';
import { readCloudEvent, readData, type ReceivedEvent } from '../wire/read-cloud-event.ts';
import { type Arrival, ArrivedMessage } from './arrival.ts';

/** What decoding needs of its bus. */
export interface DecoderOptions {
  readonly topics: Topics;
  readonly codec: Codec | undefined;
  readonly now: () => number;
}

/** Makes events of what a broker carries. */
export class Decoder {
  readonly #options: DecoderOptions;

  constructor(options: DecoderOptions) {
    this.#options = options;
  }

  /**
   * An event that a handler can be given: known, read and checked by its schema.
   *
   * @returns a promise if the schema does
   * @throws InvalidMessageError or SchemaError for what is no such event
   */
  decode(arrival: Arrival, isWanted: (type: string) => boolean): EventMessage | Promise<EventMessage> {
    const { topics, codec, now } = this.#options;
    const event = readCloudEvent(arrival.message, now());
    const definition = topics.find(event.type)?.definition;
    if (!isWanted(event.type) || (definition === undefined && topics.areFixed)) {
      throw new InvalidMessageError('an event of a type that the handler takes', `'${event.type}'`);
    }
    const raw = readData(event, [definition?.codec, codec]);
    if (definition === undefined) return arrived(event, raw, arrival);
    const data: unknown = checkData(definition, raw);
    if (isPromiseLike(data)) return Promise.resolve(data).then((checked) => arrived(event, checked, arrival));
    return arrived(event, data, arrival);
  }

  /** As much as can be made of a message: if it is no event, one of its topic, with its bytes. */
  peek(arrival: Arrival): EventMessage {
    const { message } = arrival;
    const { topics, codec, now } = this.#options;
    try {
      const event = readCloudEvent(message, now());
      return arrived(
        event,
        this.#peekData(event, [topics.find(event.type)?.definition.codec, codec], message),
        arrival,
      );
    } catch {
      const { id, topic, time = now(), body, headers } = message;
      return arrived({ id, type: topic, time, headers }, body, arrival);
    }
  }

  #peekData(event: ReceivedEvent, codecs: readonly (Codec | undefined)[], { body }: BrokerMessage): unknown {
    try {
      return readData(event, codecs);
    } catch {
      return body;
    }
  }
}

function arrived(event: Omit<ReceivedEvent, 'content'>, data: unknown, arrival: Arrival): EventMessage {
  const { id, type, time, source, subject, headers } = event;
  return new ArrivedMessage({ id, type, time, data, source, subject, headers }, arrival);
}
