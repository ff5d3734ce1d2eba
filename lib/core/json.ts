import { MillraceError } from './errors.ts';

/** Data that would not come back from JSON as it is, with the path to the part that would not. */
export class NotJsonError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'NotJsonError';
  /** Where in the data, from the outside in; empty for the data itself. */
  readonly path: readonly (number | string)[];

  constructor(what: string, found: string, path: readonly (number | string)[], remedy: string = REMEDY) {
    const place = path.length === 0 ? what : `${what} at ${path.join('.')}`;
    super('NOT_JSON', `Expected ${place} to be what JSON can keep, got ${found}. ${remedy}`);
    this.path = path;
  }
}

const REMEDY =
  'Write it as text, number, boolean, null, array or plain object; or give its definition a schema that brings it back.';

/**
 * Writes a value as JSON, if it comes back from it as it is; only properties that are `undefined` are left out.
 *
 * @param what - names the value in the error, such as `"data of 'user.signed_up'"`
 * @throws NotJsonError for NaN, an infinite number, bigint, a Date, Map, Set or any other instance, a function, a symbol, a hole, or `undefined` in an array, a cycle
 */
export function jsonText(value: unknown, what: string): string {
  expectJson(value, what, [], new Set());
  return JSON.stringify(value);
}

/**
 * What JSON makes of a value: Dates are texts, and so on.
 *
 * @throws NotJsonError for what JSON refuses, and for what it would replace by null: NaN, an infinite number, an invalid Date
 */
export function jsonForm(value: unknown, what: string): unknown {
  function refuseLoss(this: Readonly<Record<string, unknown>>, name: string, part: unknown): unknown {
    const isNumber = typeof part !== 'number' || Number.isFinite(part);
    if (isNumber && (part !== null || !(this[name] instanceof Date))) return part;
    throw new NotJsonError(what, part === null ? 'an invalid Date' : String(part), name === '' ? [] : [name]);
  }

  try {
    const text: string | undefined = JSON.stringify(value, refuseLoss);
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof NotJsonError) throw error;
    throw new NotJsonError(what, error instanceof Error ? error.message : String(error), []);
  }
}

function expectJson(value: unknown, what: string, path: (number | string)[], ancestors: Set<object>): void {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'object') throw new NotJsonError(what, describe(value), path);
  if (ancestors.has(value)) throw new NotJsonError(what, 'a cycle', path);
  ancestors.add(value);
  if (Array.isArray(value)) expectItems(value, what, path, ancestors);
  else expectProperties(value, what, path, ancestors);
  ancestors.delete(value);
}

function expectItems(items: readonly unknown[], what: string, path: (number | string)[], ancestors: Set<object>): void {
  // Not forEach, which leaves out holes.
  for (let index = 0; index < items.length; index++) {
    path.push(index);
    expectJson(items[index], what, path, ancestors);
    path.pop();
  }
}

function expectProperties(value: object, what: string, path: (number | string)[], ancestors: Set<object>): void {
  if (!isPlain(value)) throw new NotJsonError(what, describe(value), path);
  for (const [name, part] of Object.entries(value)) {
    if (part === undefined) continue;
    path.push(name);
    expectJson(part, what, path, ancestors);
    path.pop();
  }
}

/** Whether an object is of no class; also of another realm, such as a frame or the context of a test runner. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What it is that JSON cannot keep. */
export function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `an instance of ${classOf(value)}`;
  if (typeof value === 'number') return String(value);
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

function classOf(value: object): string {
  const { name } = (value.constructor ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? name : 'a class';
}
