import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runCrash = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'crash', ...args);

describe.concurrent('the crash demo', { timeout: 240_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crash-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('finds every acknowledged event once after 20 kills, and the balances that follow from them', async () => {
    const out = join(folder, 'all');
    const run = runCrash('--out', out);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');
    expect(run.sum('kills')).toBe(20);
    expect(run.output).toMatch(/✓ appends .* \+ [1-9]\d* answered when sent again/);
    expect(run.sum('events acknowledged')).toBeGreaterThan(100);
    expect(run.sum('balances in the read model')).toBe(4);
    expect(run.output).toMatch(/^writer( +[1-9]\d*){3}$/m);

    const again = runCrash('--out', out);
    expect(await again.exitCode()).toBe(2);
    expect(again.output).toContain('Expected --out to be a folder without events of an earlier run');
  });

  it('lets both processes come to their ends when it is stopped', async () => {
    const run = runCrash('--out', join(folder, 'stopped'));
    await run.says('Kill 2:');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped: nobody is killed any more');
    expect(run.output).toContain('All sums hold.');
  });

  it.each([
    [['--kills', '0'], 'Expected --kills to be an integer from 1 to 100000'],
    [['--kills', 'often'], "got 'often'"],
    [['--seed', '1.5'], 'Expected --seed to be an integer'],
    [['--out', '/dev/null/out'], 'Expected --out to be a folder'],
    [['--kill', '3'], "Unknown option '--kill'"],
  ])('refuses %j', async (args, text) => {
    const run = runCrash(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo crash -- --help');
  });

  it('explains its options', async () => {
    const run = runCrash('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--kills', '--seed', '--out', '--help']) expect(run.output).toContain(option);
  });
});
