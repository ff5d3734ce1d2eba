import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIZES, zippedSize } from '../support/sizes.ts';
import { openUserProject, type UserProject } from '../support/user-project.ts';

const run = promisify(execFile);

const CONFIG = `export default {
  build: {
    target: 'es2022',
    // What Vite adds itself is no part of the library.
    modulePreload: { polyfill: false },
    rollupOptions: { input: 'main.js', external: ['rxjs'], preserveEntrySignatures: 'strict' },
  },
};`;

describe('an app that Vite builds', () => {
  let project: UserProject;

  beforeAll(async () => {
    project = await openUserProject();
    await writeFile(join(project.folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(project.folder, 'vite.config.js'), CONFIG);
  }, 60_000);

  afterAll(async () => project?.[Symbol.asyncDispose]());

  it.each(SIZES)('with $what has at most $limit bytes', { timeout: 60_000 }, async ({ what, limit, source }) => {
    const code = await build(source);
    const size = zippedSize(code);
    console.log(`size of ${what}, by Vite: ${size} of ${limit} bytes`);
    expect(size).toBeLessThanOrEqual(limit);
    // It was not shaken away.
    expect(size).toBeGreaterThan(limit / 2);
  });

  it('has nothing of what it imports for no use', { timeout: 60_000 }, async () => {
    expect(await build(`import 'millrace'; import 'millrace/indexeddb'; console.log('nothing');`)).toBe(
      'console.log(`nothing`);',
    );
  });

  async function build(source: string): Promise<string> {
    await writeFile(join(project.folder, 'main.js'), source);
    await run(resolve('node_modules/.bin/vite'), ['build', '--logLevel', 'warn'], { cwd: project.folder });
    const assets = join(project.folder, 'dist/assets');
    const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js'));
    expect(scripts).toHaveLength(1);
    return (await readFile(join(assets, scripts[0]!), 'utf8')).trim();
  }
});
