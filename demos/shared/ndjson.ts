import { readFile } from 'node:fs/promises';
import type { ZodType } from 'zod';
import { textOf } from './text.ts';
import { UsageError } from './usage-error.ts';

/**
 * Reads the file of `--file`, which has one JSON value a line, and checks each of them.
 *
 * @throws UsageError that names the line
 */
export async function readNdjson<Value>(file: string, schema: ZodType<Value>): Promise<readonly Value[]> {
  const lines = (await readText(file)).split('\n');
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [check(line, index + 1)]));

  function check(line: string, number: number): Value {
    const { data, error } = schema.safeParse(parse(line));
    if (error === undefined) return data;
    const [issue] = error.issues;
    const where = issue!.path.length === 0 ? '' : `${issue!.path.join('.')}: `;
    throw new UsageError(`Expected line ${number} of '${file}' to fit, got '${line}'. ${where}${issue!.message}.`);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const message = `Expected --file to be a file that can be read, got '${file}': ${textOf(error)}`;
    throw new UsageError(message, { cause: error });
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Nothing that a schema takes for a record.
    return undefined;
  }
}
