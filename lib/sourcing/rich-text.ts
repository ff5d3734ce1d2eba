import { isPlain, NotJsonError } from '../core/json.ts';

/** Marks what JSON has no word for: `{ "$": [kind, value] }`. */
const TAG = '$';

/**
 * Writes data of this process as JSON, with Dates, Maps, Sets, bigints, bytes, errors and their causes, `undefined` and numbers that are none.
 *
 * @param what - names the data: then what cannot come back is refused. Without it, other instances come back as plain objects, functions and cycles as `undefined`
 * @throws NotJsonError
 */
export function richText(value: unknown, what?: string): string {
  return JSON.stringify(new Tagging(what).tagged(value));
}

/** Reads what {@link richText} has written. */
export function readRichText(text: string): unknown {
  return untagged(JSON.parse(text));
}

class Tagging {
  readonly #what: string | undefined;
  readonly #ancestors = new Set<object>();

  constructor(what: string | undefined) {
    this.#what = what;
  }

  tagged(value: unknown): unknown {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : tag('number', String(value));
    if (typeof value === 'bigint') return tag('bigint', String(value));
    if (value === undefined) return tag('undefined', null);
    if (typeof value !== 'object') return this.#lose(`a ${typeof value}`, tag('undefined', null));
    if (this.#ancestors.has(value)) return this.#lose('a cycle', tag('undefined', null));
    this.#ancestors.add(value);
    const form = this.#formOf(value);
    this.#ancestors.delete(value);
    return form;
  }

  #formOf(value: object): unknown {
    if (Array.isArray(value)) return Array.from(value, (item) => this.tagged(item));
    if (value instanceof Date) return tag('Date', value.getTime());
    if (value instanceof Map) return tag('Map', this.tagged([...value]));
    if (value instanceof Set) return tag('Set', this.tagged([...value]));
    if (value instanceof Uint8Array) return tag('bytes', [...value]);
    if (value instanceof Error) return tag('Error', this.tagged(partsOf(value)));
    if (isPlain(value)) return this.#plainForm(value);
    const plain =
      'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : { ...value };
    return this.#lose(`an instance of ${value.constructor.name}`, this.tagged(plain));
  }

  #plainForm(value: object): object {
    const form = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, this.tagged(part)]));
    return TAG in form ? tag('object', form) : form;
  }

  #lose(found: string, rest: unknown): unknown {
    if (this.#what !== undefined) throw new NotJsonError(this.#what, found, []);
    return rest;
  }
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
