import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Mutant } from './mutants.ts';

const run = promisify(execFile);

/** What exploring a copy of the engine says. */
export interface Finding {
  /** The run that failed, counted from 1; none, if all went well. */
  readonly run: number | undefined;
  readonly message: string;
}

/** Plants a bug in a copy of the engine and explores that, in a process of its own: some bugs never end. */
export async function findMutant(mutant: Mutant | undefined, runs: number): Promise<Finding> {
  const folder = resolve('node_modules/.cache/mutants');
  const outfile = join(folder, `${mutant === undefined ? 'sound' : mutant.bug.replaceAll(/\W+/gu, '-')}.js`);
  await mkdir(folder, { recursive: true });
  try {
    await plant(mutant, outfile);
    const { stdout } = await run(process.execPath, [outfile, String(runs)], { timeout: 120_000 });
    return JSON.parse(stdout) as Finding;
  } finally {
    await rm(outfile, { force: true });
  }
}

async function plant(mutant: Mutant | undefined, outfile: string): Promise<void> {
  let isPlanted = mutant === undefined;
  await build({
    entryPoints: ['spec/testing/mutants/explore-engine.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    alias: { 'millrace/testing': resolve('lib/testing/index.ts'), millrace: resolve('lib/index.ts') },
    plugins: [
      {
        name: 'plant',
        setup: (esbuild) => {
          esbuild.onLoad({ filter: /[\\/]lib[\\/].*\.ts$/ }, async ({ path }) => {
            const source = await readFile(path, 'utf8');
            if (mutant === undefined || path !== resolve('lib', mutant.file)) return { contents: source, loader: 'ts' };
            isPlanted = source.includes(mutant.text);
            return { contents: source.replace(mutant.text, () => mutant.replacement), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (!isPlanted) throw new Error(`Expected to find what to replace in ${mutant?.file}: ${mutant?.text}`);
}
