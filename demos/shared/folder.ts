import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { refuseOption } from './options.ts';
import { textOf } from './text.ts';
import { UsageError } from './usage-error.ts';

/**
 * Makes the folder of `--out`; without that option, a new one among the temporary files.
 *
 * @param demo - the name of the demo, for the new folder
 * @throws UsageError if it cannot be made
 */
export async function openFolder(demo: string, out: string | undefined): Promise<string> {
  if (out === undefined) return mkdtemp(join(tmpdir(), `${demo}-`));
  if (out === '') refuseOption('out', 'a folder', out);
  const folder = resolve(out);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const message = `Expected --out to be a folder to write into, got '${out}': ${textOf(error)}`;
    throw new UsageError(message, { cause: error });
  }
  return folder;
}
