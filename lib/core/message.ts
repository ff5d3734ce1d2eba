import type { CreateId } from './ids.ts';

/** Text headers of a message. The names below are the library's; any other is yours. */
export interface MessageHeaders {
  /** The id of the first message of the chain that this one belongs to. */
  readonly correlationId?: string;
  /** The id of the message whose handler sent this one. */
  readonly causationId?: string;
  /** W3C Trace Context. */
  readonly traceparent?: string;
  /** Any other header. */
  readonly [name: string]: string | undefined;
}

/** One event as it flows: an occurrence of an event definition, with its data. On the wire, a CloudEvents 1.0 event. */
export interface EventMessage<Type extends string = string, Data = unknown> {
  /** Unique. Made when it is first read: use `toJSON` or {@link copyMessage}, as a spread would lose it. */
  readonly id: string;
  /** The definition's type, such as `'user.signed_up'`. */
  readonly type: Type;
  /** When it was emitted: epoch milliseconds of the bus's scheduler. */
  readonly time: number;
  /** What happened. */
  readonly data: Data;
  /** Which program or part sent it. */
  readonly source?: string | undefined;
  /** What it is about, such as a user's id. */
  readonly subject?: string | undefined;
  /** Correlation, causation, trace and your own headers. */
  readonly headers: MessageHeaders;
  /** The message as plain data, its id made. */
  toJSON(): PlainMessage<Type, Data>;
}

/** A message as plain data: what JSON, `structuredClone` and a database take. */
export type PlainMessage<Type extends string = string, Data = unknown> = Omit<EventMessage<Type, Data>, 'toJSON'>;

/** What may be set when a message is made. */
export interface MessageOptions {
  /** The message's id. @defaultValue made by the bus's `createId` when first read */
  readonly id?: string;
  /** Epoch milliseconds. @defaultValue now, by the bus's scheduler */
  readonly time?: number;
  /** Which program or part sent it. @defaultValue the bus's `source` */
  readonly source?: string | undefined;
  /** What the event is about. */
  readonly subject?: string | undefined;
  /** Added to those that the library sets. */
  readonly headers?: MessageHeaders;
}

/** What a message without headers has. */
export const NO_HEADERS: MessageHeaders = /* @__PURE__ */ Object.freeze({});

/**
 * The message class: data plus an id that is made when first read.
 */
export class StampedMessage<Type extends string, Data> implements EventMessage<Type, Data> {
  readonly type: Type;
  readonly time: number;
  readonly data: Data;
  readonly source: string | undefined;
  readonly subject: string | undefined;
  readonly headers: MessageHeaders;
  #identity: string | CreateId;

  constructor(
    type: Type,
    data: Data,
    time: number,
    identity: string | CreateId,
    source: string | undefined,
    subject: string | undefined,
    headers: MessageHeaders,
  ) {
    this.type = type;
    this.time = time;
    this.data = data;
    this.source = source;
    this.subject = subject;
    this.headers = headers;
    this.#identity = identity;
  }

  get id(): string {
    return typeof this.#identity === 'string' ? this.#identity : (this.#identity = this.#identity(this.time));
  }

  toJSON(): PlainMessage<Type, Data> {
    const { id, type, time, data, source, subject, headers } = this;
    return {
      id,
      type,
      time,
      data,
      ...(source !== undefined && { source }),
      ...(subject !== undefined && { subject }),
      headers,
    };
  }
}

/** Makes a message of its parts and of what options say. */
export function stampMessage<Type extends string, Data>(
  type: Type,
  data: Data,
  now: number,
  createId: CreateId,
  source: string | undefined,
  options: MessageOptions = {},
): StampedMessage<Type, Data> {
  const { id = createId, time = now, subject, headers = NO_HEADERS } = options;
  return new StampedMessage(type, data, time, id, 'source' in options ? options.source : source, subject, headers);
}

/**
 * Copies a message with changes. The copy keeps the id, unless it is changed too.
 *
 * @example
 * ```ts
 * import { copyMessage, defineEvent, payload } from 'millrace';
 *
 * const Renamed = defineEvent('user.renamed', payload<{ name: string }>());
 * const message = Renamed.create({ name: 'Ada' });
 * const tagged = copyMessage(message, { headers: { ...message.headers, tenant: 'acme' } });
 * console.assert(tagged.id === message.id);
 * ```
 */
export function copyMessage<Type extends string, Data>(
  message: EventMessage<Type, Data>,
  changes: MessageOptions & { readonly data?: Data } = {},
): EventMessage<Type, Data> {
  const { id, type, time, source, subject, headers } = message;
  const data = 'data' in changes ? changes.data : message.data;
  return stampMessage(type, data, time, () => id, source, { source, subject, headers, ...changes });
}
