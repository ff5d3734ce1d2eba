import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidOptionError, MillraceError } from './errors.ts';
import { show } from './options.ts';

/** One reason why data does not fit its schema. */
export interface SchemaIssue {
  /** What the schema said. */
  readonly message: string;
  /** Where in the data, from the outside in; empty for the data itself. */
  readonly path: readonly PropertyKey[];
}

/** Data that does not fit its event's schema, with the path and message of every issue. */
export class SchemaError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'SchemaError';
  /** Every issue that the schema found. */
  readonly issues: readonly SchemaIssue[];

  constructor(type: string, issues: readonly SchemaIssue[]) {
    const list = issues.map(
      ({ message, path }) => `${path.length > 0 ? path.map(String).join('.') : 'data'}: ${message}`,
    );
    super(
      'SCHEMA',
      `Expected data that fits the schema of '${type}', got ${list.join('; ')}. Correct it at its source.`,
    );
    this.issues = issues;
  }
}

const unchecked: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'millrace', validate: (value) => ({ value }) },
};

/**
 * A Standard Schema that gives an event's data a type and checks nothing.
 *
 * @example
 * ```ts
 * import { defineEvent, payload } from 'millrace';
 *
 * export const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
 * ```
 */
export function payload<Data>(): StandardSchemaV1<Data, Data> {
  return unchecked as StandardSchemaV1<Data, Data>;
}

/** Whether a schema is that of `payload<T>()`. */
export function isUnchecked(schema: StandardSchemaV1): boolean {
  return schema['~standard'].vendor === unchecked['~standard'].vendor;
}

/** What is checked: an event's type, for the error, and its schema. */
interface Checkable<Data> {
  readonly type: string;
  readonly schema: StandardSchemaV1<unknown, Data>;
}

/**
 * Checks raw data against an event's schema and returns the schema's output.
 *
 * @throws {@link SchemaError} when it does not fit; an async schema returns a promise that rejects with it instead.
 */
export function checkData<Data>(definition: Checkable<Data>, raw: unknown): Data | Promise<Data> {
  const result = definition.schema['~standard'].validate(raw);
  return isPromiseLike(result)
    ? Promise.resolve(result).then((settled) => outputOf(definition.type, settled))
    : outputOf(definition.type, result);
}

/**
 * Checks raw data by a schema that must answer at once.
 *
 * @throws MillraceError `ASYNC_SCHEMA`, with what to do instead, when the schema is async.
 */
export function checkDataNow<Data>(definition: Checkable<Data>, raw: unknown, remedy: string): Data {
  const checked = checkData(definition, raw);
  if (!isPromiseLike(checked)) return checked;
  checked.catch(() => undefined);
  throw new MillraceError(
    'ASYNC_SCHEMA',
    `Expected the schema of '${definition.type}' to answer at once, got a promise. ${remedy}`,
  );
}

/** Whether a value can be awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function outputOf<Data>(type: string, result: StandardSchemaV1.Result<Data>): Data {
  if (result.issues === undefined) return result.value;
  throw new SchemaError(type, result.issues.map(plainIssue));
}

function plainIssue({ message, path = [] }: StandardSchemaV1.Issue): SchemaIssue {
  // Not path.map: it may be an array of another class.
  return { message, path: Array.from(path, (step) => (typeof step === 'object' ? step.key : step)) };
}

/** Returns `schema` if it follows the Standard Schema specification. */
export function expectSchema<Schema>(type: string, schema: Schema): Schema {
  const standard = (schema as { '~standard'?: { validate?: unknown } } | undefined)?.['~standard'];
  if (typeof standard?.validate === 'function') return schema;
  throw new InvalidOptionError(
    `Expected a Standard Schema (zod, valibot, arktype, …) for '${type}', got ${show(schema)}. Use payload<T>() to check nothing.`,
  );
}
