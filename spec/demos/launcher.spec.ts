import { describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const launch = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', ...args);

describe.concurrent('npm run demo', { timeout: 60_000 }, () => {
  it.each([[[]], [['--help']]])('lists every demo with a line each when called with %j', async (args) => {
    const run = launch(...args);
    expect(await run.exitCode(), run.output).toBe(0);
    for (const name of [
      'sign-up',
      'account-notifier',
      'account',
      'crash',
      'brokers',
      'replay',
      'search',
      'desk',
      'earthquake-desk',
    ]) {
      expect(run.output).toMatch(new RegExp(`^ {2}${name} +\\S.*$`, 'm'));
    }
  });

  it('prints what there is for a name that it does not know', async () => {
    const run = launch('breakfast');
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain("Expected the name of a demo, got 'breakfast'.");
    expect(run.output).toMatch(/^ {2}earthquake-desk +\S.*$/m);
  });

  it('hands the options on to the demo', async () => {
    const run = launch('earthquake-desk', '--speed', 'fast');
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain("Expected --speed to be a number > 0, got 'fast'.");
    expect(run.output).toContain('Try: npm run demo earthquake-desk -- --help');
  });

  it('prints the help of a demo', async () => {
    const run = launch('earthquake-desk', '--help');
    expect(await run.exitCode()).toBe(0);
    expect(run.output).toContain('--speed');
  });
});
