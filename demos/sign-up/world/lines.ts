import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { textOf } from '../../shared/text.ts';
import { UsageError } from '../../shared/usage-error.ts';

/**
 * The lines of a file, one after the other; `-` is the standard input, which may go on for ever.
 *
 * @param signal - ends them
 * @throws UsageError for a file that cannot be read
 */
export async function openLines(file: string, signal: AbortSignal): Promise<AsyncIterable<string>> {
  const input = file === '-' ? process.stdin : (await openFile(file)).createReadStream();
  return linesOf(input, signal);
}

/** A generator, as readline does not wait for its reader: what it had read before somebody asks for it would be lost. */
async function* linesOf(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<string> {
  if (!signal.aborted) yield* createInterface({ input, crlfDelay: Infinity, signal });
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return handle;
    await handle.close();
    throw new Error('it is a folder');
  } catch (error) {
    const message = `Expected --file to be a file that can be read, or - for the standard input, got '${file}': ${textOf(error)}`;
    throw new UsageError(message, { cause: error });
  }
}
