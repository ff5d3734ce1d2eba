import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { valueAtMost } from '../harness/floor.ts';
import type { Measures, Row } from '../harness/row.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The sizes that spec/package/size.spec.ts measures, and limits. */
export const sizeRow: Row = {
  name: 'size',
  title: 'the bundle, minified and zipped, without RxJS',
  metrics: [
    { name: 'bus', unit: 'bytes, the bus alone' },
    { name: 'all', unit: 'bytes, all of millrace' },
  ],
  contestants: [{ name: 'millrace', events: 1, load: async () => ({ run: measure }) }],
  floors: [valueAtMost('bus', 6_000, 'the bus alone ≤ 6 kB'), valueAtMost('all', 16_000, 'all of millrace ≤ 16 kB')],
  generations: 1,
  rounds: 1,
  warmups: 0,
  notes: ['Measured by spec/package/size.spec.ts, which fails where a limit is passed.'],
};

async function measure(): Promise<Measures> {
  const output = await printedBy('vitest', ['run', 'spec/package/size.spec.ts', '--typecheck.enabled=false']);
  return { bus: sizeOf('the bus alone', output), all: sizeOf('all of millrace', output) };
}

/** What a program prints, though it may exit with an error: the spec fails where a limit is passed. */
function printedBy(program: string, options: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, options, { cwd: root }, (error, output) => {
      if (error !== null && output === '') reject(error);
      else resolve(output);
    });
  });
}

function sizeOf(what: string, output: string): number {
  const [, bytes] = new RegExp(`size of ${what}: (\\d+) of`).exec(output) ?? [];
  if (bytes === undefined) throw new Error(`Expected the size spec to print the size of ${what}, got:\n${output}`);
  return Number(bytes);
}
