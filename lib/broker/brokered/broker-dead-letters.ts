import type { AttemptRecord, DeadLetter, DeadLetterReason } from '../../core/dead-letter.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import { type EventMessage, type MessageHeaders, StampedMessage } from '../../core/message.ts';
import type { DeadLetterStore } from '../../process/dead-letter-store.ts';
import { readRichText, richText } from '../../sourcing/rich-text.ts';
import type { BrokerLetterStore } from '../broker-letter-store.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { Arrival, ArrivedMessage, type MessageParts } from './arrival.ts';

/** What dead letters on a broker need of their bus. */
export interface BrokerDeadLettersOptions {
  readonly letters: BrokerLetterStore;
  readonly group: string;
  /** An event as it is on the wire. @throws for data that cannot be written */
  readonly encode: (event: EventMessage) => BrokerMessage;
  /** As much of an event as can be read. */
  readonly peek: (arrival: Arrival) => EventMessage;
}

/**
 * Keeps dead letters on the broker, where other programs can see them: the original message with its bytes and headers, and more headers that begin with
 * `dead-letter-`, which say why, when, by which handler, and after which attempts.
 */
export function brokerDeadLetters(options: BrokerDeadLettersOptions): DeadLetterStore {
  return {
    add: async (letter) => addInBrief(letter, options),
    remove: async (id) => options.letters.remove(id),
    list: async () => (await options.letters.list()).map((message) => readLetter(message, options)),
  };
}

const PREFIX = 'dead-letter-';
/** Characters: brokers carry no large headers. */
const MAX_DETAILS = 16_384;
const MAX_TEXT = 1_000;
const MAX_ATTEMPTS = 64;

/** A letter is larger than its message. What the broker refuses is tried again with less said of the error, and nothing of what probes have noted; and, if the broker never had the message, without its data. */
async function addInBrief(letter: DeadLetter, options: BrokerDeadLettersOptions): Promise<void> {
  const whole = letterMessage(letter, options);
  const { [`${PREFIX}headers`]: _noted, ...headers } = whole.headers;
  const brief = {
    ...whole,
    headers: { ...headers, [`${PREFIX}details`]: richText({ error: shortened(letter.error), attempts: [] }) },
  };
  const bare = { ...brief, body: new Uint8Array(), headers: { ...brief.headers, [`${PREFIX}left-out`]: 'data' } };
  const isOnBroker = ArrivedMessage.arrivalOf(letter.event)?.delivery !== undefined;
  const forms = isOnBroker ? [whole, brief] : [whole, brief, bare];
  const letters = options.letters;
  for (const form of forms.slice(0, -1)) {
    try {
      return await letters.add(form);
    } catch (error) {
      if (!(error instanceof InvalidOptionError)) throw error;
    }
  }
  await letters.add(forms.at(-1)!);
}

function letterMessage(letter: DeadLetter, options: BrokerDeadLettersOptions): BrokerMessage {
  const { id, event, handler, reason, error, attempts, time, redriven, headers: noted } = letter;
  const arrival = ArrivedMessage.arrivalOf(event);
  const message = arrival?.message ?? encoded(event, options);
  const headers: Record<string, string> = { ...message.headers };
  headers[`${PREFIX}message-id`] = message.id;
  headers[`${PREFIX}group`] = options.group;
  headers[`${PREFIX}reason`] = reason;
  headers[`${PREFIX}error`] = textOf(error);
  headers[`${PREFIX}attempts`] = String(attempts.length);
  headers[`${PREFIX}time`] = new Date(time).toISOString();
  headers[`${PREFIX}redriven`] = String(redriven);
  headers[`${PREFIX}details`] = detailsOf(error, attempts);
  if (arrival?.delivery !== undefined) headers[`${PREFIX}deliveries`] = String(arrival.delivery.deliveryCount);
  if (handler !== undefined) headers[`${PREFIX}handler`] = handler;
  if (noted !== undefined) headers[`${PREFIX}headers`] = JSON.stringify(noted);
  return { ...message, id, headers };
}

/** What never was on the wire, and cannot be, is kept as text that only this library reads. */
function encoded(event: EventMessage, { encode }: BrokerDeadLettersOptions): BrokerMessage {
  try {
    return encode(event);
  } catch {
    const { id, type, time } = event;
    const body = new TextEncoder().encode(richText(event.toJSON()));
    return { id, topic: type, time, body, headers: { [`${PREFIX}form`]: 'rich' } };
  }
}

function readLetter(message: BrokerMessage, options: BrokerDeadLettersOptions): DeadLetter {
  const { id, headers } = message;
  const handler = headers[`${PREFIX}handler`];
  const { error, attempts } = readDetails(headers[`${PREFIX}details`], headers[`${PREFIX}error`]);
  const noted = readNoted(headers[`${PREFIX}headers`]);
  return {
    id,
    event: eventOf(message, options),
    ...(handler !== undefined && { handler }),
    reason: (headers[`${PREFIX}reason`] ?? 'exhausted') as DeadLetterReason,
    error,
    attempts,
    time: Date.parse(headers[`${PREFIX}time`] ?? '') || (message.time ?? 0),
    redriven: Number(headers[`${PREFIX}redriven`] ?? 0),
    ...(noted !== undefined && { headers: noted }),
  };
}

/** What probes have noted. What another program has made of it is let go. */
function readNoted(text: string | undefined): MessageHeaders | undefined {
  try {
    const noted: unknown = JSON.parse(text ?? 'null');
    return typeof noted === 'object' && noted !== null ? (noted as MessageHeaders) : undefined;
  } catch {
    return undefined;
  }
}

function eventOf(message: BrokerMessage, { peek }: BrokerDeadLettersOptions): EventMessage {
  const { headers } = message;
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX));
  const original = { ...message, id: headers[`${PREFIX}message-id`] ?? message.id, headers: Object.fromEntries(own) };
  if (headers[`${PREFIX}form`] !== 'rich') return peek(new Arrival(original));
  const {
    id,
    type,
    time,
    data,
    source,
    subject,
    headers: itsOwn,
  } = readRichText(new TextDecoder().decode(message.body)) as MessageParts;
  return new StampedMessage(type, data, time, id, source, subject, itsOwn);
}

/** The errors with their stacks; without them if that is too much, or cannot be written; and as many of the last attempts as there is room for. */
function detailsOf(error: unknown, attempts: readonly AttemptRecord[]): string {
  const whole = wholeDetails(error, attempts);
  if (whole !== undefined) return whole;
  for (let count = Math.min(attempts.length, MAX_ATTEMPTS); count > 0; count >>= 1) {
    const short = richText({ error: shortened(error), attempts: attempts.slice(-count).map(shortenedAttempt) });
    if (short.length <= MAX_DETAILS) return short;
  }
  return richText({ error: shortened(error), attempts: [] });
}

/** An error may hold what throws when it is looked at. */
function wholeDetails(error: unknown, attempts: readonly AttemptRecord[]): string | undefined {
  try {
    const whole = richText({ error, attempts });
    return whole.length <= MAX_DETAILS ? whole : undefined;
  } catch {
    return undefined;
  }
}

function shortenedAttempt(record: AttemptRecord): AttemptRecord {
  return { ...record, error: shortened(record.error) };
}

function shortened(error: unknown): unknown {
  if (!(error instanceof Error)) return textOf(error);
  const short = new Error(textOf(error));
  short.name = bounded(error.name);
  delete short.stack;
  return short;
}

function textOf(error: unknown): string {
  try {
    return bounded(error instanceof Error ? error.message : error);
  } catch {
    return 'an error without a text';
  }
}

/** Halves of surrogate pairs, which cutting may leave, are no text that a broker could carry. */
function bounded(value: unknown): string {
  const text = String(value);
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return short.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

function readDetails(
  details: string | undefined,
  text: string | undefined,
): { readonly error: unknown; readonly attempts: readonly AttemptRecord[] } {
  try {
    return readRichText(details ?? '') as { error: unknown; attempts: readonly AttemptRecord[] };
  } catch {
    // Written by another program.
    return { error: new Error(text ?? 'unknown'), attempts: [] };
  }
}
