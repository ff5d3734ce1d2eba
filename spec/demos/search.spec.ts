import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runSearch = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'search', ...args);

describe.concurrent('the search', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'search-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('shows the latest search only, and cancels the others at the server too', async () => {
    const run = runSearch('--speed', '2');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');

    expect(run.sum('keys of the file')).toBe(91);
    const { accepted, handled, dead, dropped, pending } = run.handler('search');
    expect(dropped).toBeGreaterThan(0);
    expect(accepted).toBe(handled! + dropped!);
    expect([dead, pending]).toStrictEqual([0, 0]);
    expect(run.sum('searches started')).toBe(accepted);
    expect(run.sum('searches not shown')).toBe(dropped);

    expect(run.output).toMatch(/ \d+ aborted: Superseded by a newer event/);
    expect(run.output).toMatch(/ \d+ cancelled after \d+ of \d+ ms$/m);
    expect(run.output).toMatch(/^✓ searches not shown .* [1-9]\d* cancelled at the server/m);
    // The text was changed and changed back within a pause.
    expect(run.output).not.toContain('searches for "washingtonx"');
    expect(run.output).toContain('on the page: "kodiak"');
    expect(run.sum('quakes on the page')).toBe(52);
  });

  it('accounts for searches that are superseded before their request has left', async () => {
    const run = runSearch('--speed', '1000', '--seed', '1');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).toContain('on the page: "kodiak"');
  });

  it('drains when it is stopped in the middle, and shows what has been typed until then', async () => {
    const run = runSearch('--speed', '2');
    await run.says('washi▏');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped: what has been typed is searched for.');
    expect(run.output).toContain('All sums hold.');
    expect(run.output).toMatch(/^✓ keys of the file +91 = \d+ typed \+ \d+ not typed$/m);
    expect(run.output).toMatch(/on the page: "washi/);
    expect(run.handler('search').pending).toBe(0);
  });

  it('types what a file says', async () => {
    const file = join(folder, 'keys.ndjson');
    const keys = ['M', 'e', 'x', 'i', 'c', 'o', 'Enter'];
    await writeFile(file, keys.map((key, index) => JSON.stringify({ atMs: index, key })).join('\n'));
    const run = runSearch('--file', file);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('1 searches for "Mexico"');
    expect(run.sum('searches started')).toBe(1);
    expect(run.sum('quakes on the page')).toBeGreaterThan(0);
  });

  it.each([
    [['--speed', '0'], 'Expected --speed to be a number > 0'],
    [['--speed', 'fast'], "got 'fast'"],
    [['--seed', '1.5'], 'Expected --seed to be an integer'],
    [['--file', '/no/such/file'], 'Expected --file to be a file that can be read'],
    [['--file', 'demos/data/accounts.ndjson'], "Expected line 1 of 'demos/data/accounts.ndjson' to fit"],
    [['--backwards'], "Unknown option '--backwards'"],
  ])('refuses %j', async (args, text) => {
    const run = runSearch(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo search -- --help');
  });

  it('explains its options', async () => {
    const run = runSearch('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--speed', '--seed', '--file', '--help']) expect(run.output).toContain(option);
  });
});
