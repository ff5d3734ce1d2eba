import type { DeadLetter } from '../core/dead-letter.ts';
import { copyMessage, type EventMessage } from '../core/message.ts';

/** Marks what JSON has no word for: `{ "$": [kind, value] }`. */
const TAG = '$';

/**
 * Writes a letter as JSON. Unlike a stored event, a letter keeps whatever was in flight, in-process data included: errors with their causes, Dates, Maps, Sets,
 * bigints, bytes, `undefined` and numbers that are none; other instances come back as plain objects, functions as `undefined`.
 */
export function letterText(letter: DeadLetter<unknown>): string {
  return JSON.stringify(tagged(letter, new Set()));
}

/** Reads what {@link letterText} has written. */
export function readLetter(text: string): DeadLetter<unknown> {
  const letter = untagged(JSON.parse(text)) as DeadLetter<unknown>;
  return isMessage(letter.event) ? { ...letter, event: copyMessage(letter.event) } : letter;
}

/** Messages have a method that JSON has not kept. A recorded event is plain data, and stays so. */
function isMessage(event: unknown): event is EventMessage {
  const { id, type, time, headers, stream } = (event ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof id === 'string' &&
    typeof type === 'string' &&
    typeof time === 'number' &&
    typeof headers === 'object' &&
    stream === undefined
  );
}

function tagged(value: unknown, ancestors: Set<object>): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : tag('number', String(value));
  if (typeof value === 'bigint') return tag('bigint', String(value));
  if (typeof value !== 'object') return tag('undefined', null);
  if (ancestors.has(value)) return tag('cycle', null);
  ancestors.add(value);
  const form = formOf(value, (part) => tagged(part, ancestors));
  ancestors.delete(value);
  return form;
}

function formOf(value: object, inner: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Date) return tag('Date', value.getTime());
  if (value instanceof Map) return tag('Map', inner([...value]));
  if (value instanceof Set) return tag('Set', inner([...value]));
  if (value instanceof Uint8Array) return tag('bytes', [...value]);
  if (value instanceof Error) return tag('Error', inner(partsOf(value)));
  const plain = 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON as () => object)() : value;
  if (plain !== value) return inner(plain);
  const form = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(part)]));
  return TAG in form ? tag('object', form) : form;
}

/** What is worth keeping of an error: what it says, what programs look at, and what stood behind it. */
function partsOf(error: Error): object {
  const { name, message, stack, cause } = error;
  return Object.assign({}, error, { name, message, stack }, cause !== undefined && { cause });
}

function tag(kind: string, value: unknown): object {
  return { [TAG]: [kind, value] };
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  if (!(TAG in value)) return untaggedParts(value);
  const [kind, inner] = value[TAG] as [string, unknown];
  switch (kind) {
    case 'number':
      return Number(inner);
    case 'bigint':
      return BigInt(inner as string);
    case 'Date':
      return new Date(inner as number);
    case 'Map':
      return new Map(untagged(inner) as [unknown, unknown][]);
    case 'Set':
      return new Set(untagged(inner) as unknown[]);
    case 'bytes':
      return Uint8Array.from(inner as number[]);
    case 'Error':
      return revivedError(untagged(inner) as Error);
    case 'object':
      return untaggedParts(inner as object);
    default:
      return undefined;
  }
}

function untaggedParts(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, untagged(part)]));
}

/** An error with the name, code and stack of the one that was kept; of its class only Error is known. */
function revivedError({ message, ...parts }: Error): Error {
  const error = new Error(message);
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: name === 'code' });
  }
  return error;
}
