import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlockFolder, blockName, openBlockFolder } from '../support/block-folder.ts';
import { type CodeBlock, codeBlocks } from '../support/code-blocks.ts';
import { librarySources } from '../support/library-sources.ts';

const run = promisify(execFile);

const readme = await codeBlocks('README.md');
const isTest = ({ code }: CodeBlock): boolean => /^import .* from 'vitest';$/m.test(code);
const tests = readme.filter(isTest);
const programs = readme.filter((block) => !isTest(block));
const examples = await Promise.all((await librarySources()).map((file) => codeBlocks(file)));

describe('the documentation', () => {
  let folder: BlockFolder;

  beforeAll(async () => {
    folder = await openBlockFolder();
  });

  afterAll(async () => folder[Symbol.asyncDispose]());

  it('compiles, block by block, each a module of its own', async () => {
    const places = new Map<string, string>();
    for (const block of [...readme, ...examples.flat()]) {
      const name = `${blockName(block)}.${block.language}`;
      places.set(name, block.place.replace(/:\d+$/, ''));
      await writeFile(join(folder.path, name), block.code);
    }
    const tsconfig = {
      extends: resolve('spec/tsconfig.json'),
      compilerOptions: {
        jsx: 'react-jsx',
        moduleDetection: 'force',
        rootDir: '/',
        // An example may make what it does not go on to use.
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts', '*.tsx'],
    };
    await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(tsconfig));

    const errors = await run('node_modules/.bin/tsc', ['-p', folder.path]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    const shown = errors.replaceAll(/^\S*?([\w-]+\.tsx?)(?=\()/gm, (path, name: string) => places.get(name) ?? path);
    expect(shown).toBe('');
  });

  it('passes, where it is a test', { timeout: 90_000 }, async () => {
    expect(await folder.test(tests)).toStrictEqual([]);
  });

  it.each(programs)('runs to its end: $place', { timeout: 20_000 }, async (block) => {
    const file = await folder.build(block);
    await run(process.execPath, ['--enable-source-maps', file], { cwd: folder.path, timeout: 10_000 });
  });
});
