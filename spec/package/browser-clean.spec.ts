import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';

const run = promisify(execFile);

describe('imports from outside', () => {
  it.each([
    { door: 'millrace', imports: ['rxjs'] },
    { door: 'millrace/bridge', imports: ['rxjs'] },
    { door: 'millrace/indexeddb', imports: ['rxjs'] },
    { door: 'millrace/otel', imports: ['@opentelemetry/api'] },
    {
      door: 'millrace/testing',
      imports: ['@sinonjs/fake-timers', 'fast-check', 'rxjs', 'rxjs-marbles', 'rxjs/testing'],
    },
    { door: 'millrace/testing/matchers', imports: [] },
  ])('of $door are these, and no node: module', async ({ door, imports }) => {
    const entry = await bundle(`export * from '${door}';`, { packages: 'external' });
    expect(entry.imports.toSorted()).toStrictEqual(imports);
  });

  it('of millrace/testing wait for fast-check until somebody explores', async () => {
    const { code } = await bundle(`export * from 'millrace/testing';`, { packages: 'external' });
    expect(code).toContain('import("fast-check")');
    expect(code).not.toMatch(/from\s*"fast-check"/);
  });
});

it('is compiled where Node has no types', { timeout: 30_000 }, async () => {
  const { stdout } = await run('node_modules/.bin/tsc', ['--project', '.', '--listFilesOnly']);
  const files = stdout.trim().split('\n');
  expect(files.filter((file) => file.endsWith('lib/bridge/index.ts'))).toHaveLength(1);
  expect(files.filter((file) => file.endsWith('lib/indexeddb/index.ts'))).toHaveLength(1);
  expect(files.filter((file) => file.endsWith('lib/otel/index.ts'))).toHaveLength(1);
  expect(files.filter((file) => file.endsWith('lib/testing/index.ts'))).toHaveLength(1);
  expect(files.filter((file) => /@types\/node\//.test(file))).toStrictEqual([]);
});
