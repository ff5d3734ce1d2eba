import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runNotifier = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'account-notifier', ...args);

describe.concurrent('the account notifier', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'account-notifier-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('tells mailbox and chat everything, in order, whatever else throws or is busy', async () => {
    const run = runNotifier();
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');

    const all = { accepted: 24, redriven: 0, handled: 24, dead: 0, dropped: 0, pending: 0 };
    expect(run.handler('story')).toStrictEqual(all);
    expect(run.handler('admin-mail')).toStrictEqual(all);
    expect(run.handler('chat-webhook')).toStrictEqual(all);
    expect(run.handler('name-badges')).toStrictEqual({ ...all, accepted: 17, handled: 15, dead: 2 });
    expect(run.sum('lines of the file')).toBe(25);
    expect(run.sum('notifications of 2 kinds')).toBe(48);
    expect(run.sum('mails in order')).toBe(24);
    expect(run.sum('messages in order')).toBe(24);
    expect(run.sum('requests at the chat')).toBeGreaterThan(24);

    expect(run.output).toContain('#3 dead letter of name-badges (exhausted): Cannot read properties of undefined');
    expect(run.output).toContain('HTTP 429, Retry-After: 1');
    // At the end of the file the chat is still behind: nothing of that is lost.
    expect(run.output).toMatch(/The end of the file\. Still on their way: [1-9]/);
  });

  it('drains when it is stopped in the middle, and the sums hold', async () => {
    const run = runNotifier();
    await run.says('chat is busy');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toMatch(/Stopped\. Still on their way: [1-9]/);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).toMatch(/✓ lines of the file +25 = .* \+ \d+ not read/);
    expect(run.handler('chat-webhook').pending).toBe(0);
    const emitted = run.sum('mails in the mailbox');
    expect(emitted).toBeGreaterThan(0);
    expect(run.sum('messages in the chat')).toBe(emitted);
  });

  it('takes a burst of accounts from a file', async () => {
    const file = join(folder, 'burst.ndjson');
    const line = (action: string) => JSON.stringify({ action, name: 'Ada Lovelace', email: 'ada@engine.example' });
    await writeFile(file, ['create', 'delete', 'create', 'create', 'delete', 'create'].map(line).join('\n'));
    const run = runNotifier('--file', file, '--every', '0');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Nothing to create for ada@engine.example: nobody is told.');
    expect(run.output).toContain('All sums hold.');
    expect(run.sum('mails in order')).toBe(5);
    expect(run.handler('name-badges').handled).toBe(3);
  });

  it.each([
    [['--every=-1'], 'Expected --every to be milliseconds from 0 to 60000'],
    [['--every', 'soon'], "got 'soon'"],
    [['--file', '/no/such/file'], 'Expected --file to be a file that can be read'],
    [['--file', 'package.json'], "Expected line 1 of 'package.json' to fit, got '{'"],
    [['--loud'], "Unknown option '--loud'"],
  ])('refuses %j', async (args, text) => {
    const run = runNotifier(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo account-notifier -- --help');
  });

  it('names the line that is no account', async () => {
    const file = join(folder, 'broken.ndjson');
    await writeFile(file, '{"action":"delete","email":"ada@engine.example"}\n\n{"action":"create","email":"ada"}\n');
    const run = runNotifier('--file', file);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(
      `Expected line 3 of '${file}' to fit, got '{"action":"create","email":"ada"}'. name: `,
    );
  });

  it('explains its options', async () => {
    const run = runNotifier('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--every', '--file', '--help']) expect(run.output).toContain(option);
  });
});
