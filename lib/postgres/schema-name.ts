import { InvalidOptionError } from '../core/errors.ts';
import { expectName, show } from '../core/options.ts';

/** Longer names are cut off by the server, which might make two of them one. */
const LONGEST_BYTES = 63;

/** Returns `schema` if it can be the name of one. */
export function expectSchema(schema: string): string {
  expectName('schema', schema);
  const isLong = new TextEncoder().encode(schema).length > LONGEST_BYTES;
  if (!isLong && !schema.includes('\0') && !schema.startsWith('pg_')) return schema;
  throw new InvalidOptionError(
    `Expected schema to be at most ${LONGEST_BYTES} bytes without NUL, and not to begin with 'pg_', got ${show(schema)}.`,
  );
}

/** Writes any name as an identifier of SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes any text as a literal of SQL, also where backslashes mean something. */
export function quoteText(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
