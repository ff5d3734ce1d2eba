import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { librarySources } from '../support/library-sources.ts';

const run = promisify(execFile);

const readme = await codeBlocks('README.md');
const examples = await Promise.all((await librarySources()).map(codeBlocks));

describe('the documentation', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-docs-'));
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('compiles, block by block, each a module of its own', async () => {
    const places = new Map<string, string>();
    for (const { place, code } of [...readme, ...examples.flat()]) {
      const name = `${place.replaceAll(/\W/g, '-')}.ts`;
      places.set(name, place.replace(/:\d+$/, ''));
      await writeFile(join(folder, name), code);
    }
    const tsconfig = {
      extends: resolve('spec/tsconfig.json'),
      compilerOptions: {
        moduleDetection: 'force',
        rootDir: '/',
        // An example may make what it does not go on to use.
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));

    const errors = await run('node_modules/.bin/tsc', ['-p', folder]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    const shown = errors.replaceAll(/^\S*?([\w-]+\.ts)(?=\()/gm, (path, name: string) => places.get(name) ?? path);
    expect(shown).toBe('');
  });

  it.each(readme)('runs to its end: $place', { timeout: 20_000 }, async ({ place, code }) => {
    const file = join(folder, `${place.replaceAll(/\W/g, '-')}.js`);
    const module = await bundle(code, { minify: false, packages: 'external', platform: 'node', sourcemap: 'inline' });
    await writeFile(file, module.code);
    await run(process.execPath, ['--enable-source-maps', file], { cwd: folder, timeout: 10_000 });
  });
});
