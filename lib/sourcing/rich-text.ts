import { describe, isPlain, NotJsonError } from '../core/json.ts';
import { show } from '../core/options.ts';

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

const REMEDY = 'Write it as plain data; Dates, Maps, Sets, bigints and bytes come back, too.';

class Tagging {
  readonly #what: string | undefined;
  readonly #path: (number | string)[] = [];
  readonly #ancestors = new Set<object>();

  constructor(what: string | undefined) {
    this.#what = what;
  }

  tagged(value: unknown): unknown {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return isJsonNumber(value) ? value : tag('number', numberText(value));
    if (typeof value === 'bigint') return tag('bigint', String(value));
    if (value === undefined) return tag('undefined', null);
    if (typeof value !== 'object') return this.#lose(describe(value), undefined);
    if (this.#ancestors.has(value)) return this.#lose('a cycle', undefined);
    this.#ancestors.add(value);
    const form = this.#formOf(value);
    this.#ancestors.delete(value);
    return form;
  }

  #formOf(value: object): unknown {
    if (Array.isArray(value)) return Array.from(value, (item, index) => this.#part(index, item));
    if (value instanceof Date) return tag('Date', this.tagged(value.getTime()));
    if (value instanceof Map) return tag('Map', this.#formOf([...value]));
    if (value instanceof Set) return tag('Set', this.#formOf([...value]));
    if (value instanceof Uint8Array) return tag('bytes', [...value]);
    if (value instanceof Error) return tag('Error', this.#parts(partsOf(value)));
    if (!isPlain(value)) return this.#lose(describe(value), plainOf(value));
    const form = this.#parts(value);
    return TAG in form ? tag('object', form) : form;
  }

  #parts(value: object): object {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, this.#part(name, part)]));
  }

  #part(name: number | string, part: unknown): unknown {
    this.#path.push(name);
    const form = this.tagged(part);
    this.#path.pop();
    return form;
  }

  /** What is left of what cannot come back. */
  #lose(found: string, rest: unknown): unknown {
    if (this.#what !== undefined) throw new NotJsonError(this.#what, found, this.#path, REMEDY);
    return this.tagged(rest);
  }
}

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function plainOf(value: object): unknown {
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : { ...value };
}

/** What is worth keeping of an error: what it says, what programs look at, and what stood behind it. */
function partsOf(error: Error): object {
  const { name, message, stack, cause } = error;
  const more = {
    ...(cause !== undefined && { cause }),
    ...(error instanceof AggregateError && { errors: error.errors }),
  };
  return Object.assign({}, error, { name, message, stack }, more);
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
      return new Date(untagged(inner) as number);
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
    case 'undefined':
      return undefined;
    default:
      throw new TypeError(`Expected a kind of value that this version knows, got ${show(kind)}.`);
  }
}

function untaggedParts(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, untagged(part)]));
}

/** What errors have without showing it. */
const HIDDEN: ReadonlySet<string> = /* @__PURE__ */ new Set(['name', 'stack', 'cause', 'errors']);

/** An error with the name, code and stack of the one that was kept; of its class only Error is known. */
function revivedError({ message, ...parts }: Error): Error {
  const error = new Error(message);
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: !HIDDEN.has(name) });
  }
  return error;
}
