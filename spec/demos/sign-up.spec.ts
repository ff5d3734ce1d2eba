import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runSignUp = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'sign-up', ...args);

describe.concurrent('sign-up', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sign-up-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('answers every request, and accounts for every mail, line and preference', async () => {
    const out = join(folder, 'all');
    const run = runSignUp('--rate', '400', '--out', out);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');

    expect(run.sum('lines sent')).toBe(200);
    expect(run.output).toMatch(/✓ requests +\d+ = .*158 accepted/);
    expect(run.output).toMatch(/✓ requests +\d+ = .*16 invalid/);
    expect(run.output).toMatch(/✓ requests +\d+ = .*14 duplicate/);
    expect(run.sum('lines that are no JSON')).toBe(12);
    const all = { accepted: 158, redriven: 0, handled: 158, dead: 0, dropped: 0, pending: 0 };
    expect(run.handler('audit-log')).toStrictEqual(all);
    expect(run.handler('welcome-mail')).toStrictEqual({ ...all, handled: 157, dead: 1 });
    expect(run.handler('preferences')).toStrictEqual({ ...all, handled: 157, dead: 1 });
    expect(run.sum('mails in mailboxes')).toBe(157);
    expect(run.sum('of them in order')).toBe(158);

    expect(run.output).toMatch(
      /Dead letter: welcome-mail of u-\w+, rejected after \d attempts?\. .*550 No such mailbox/,
    );
    expect(run.output).toMatch(/Dead letter: preferences of u-\w+, exhausted after 3 attempts\. EIO/);
    expect(run.output).toMatch(/The report of u-\w+ is ok:\n.* welcome-mail +handled in/);
    expect(run.output).toMatch(/The report of u-\w+ is not ok:\n(.*\n){0,2}.* dead \(/);
    // Mails were repeated, some of them though they had been taken; and yet no mail host had two at a time.
    expect(run.output).toMatch(/[1-9]\d* were to come later, [1-9]\d* had no answer, [1-9]\d* brought what was there/);
    expect(run.output).toContain('never sent more than 1 mail at a time');

    const audit = (await readFile(join(out, 'audit.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(audit).toHaveLength(158);
    expect(audit.join('\n')).not.toContain('@');
    const files = await readdir(join(out, 'preferences'));
    expect(files).toHaveLength(157);
    expect(files.filter((file) => !/^u-[0-9a-f]{8}\.json$/.test(file))).toStrictEqual([]);
  });

  it('drains when it is stopped in the middle, and those who come then are told so', async () => {
    const run = runSignUp();
    await run.says(': invalid.');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped: nobody is signed up any more.');
    expect(run.output).toContain('closing. Expected a service that goes on');
    expect(run.output).toContain('All sums hold.');
    expect(run.output).toMatch(/✓ requests +\d+ = .*[1-9]\d* closing/);
    expect(run.sum('lines sent')).toBeLessThan(200);
    expect(run.handler('welcome-mail').pending).toBe(0);
    expect(run.handler('welcome-mail').handled).toBeGreaterThan(0);
  });

  it('has a sample that is what its script makes', async () => {
    const script = new DemoRun('demos/sign-up/world/make-sign-ups.ts');
    expect(await script.exitCode(), script.output).toBe(0);
    expect(script.output).toBe(await readFile('demos/data/sign-ups.ndjson', 'utf8'));
  });

  it('knows in its next run who has signed up', async () => {
    const out = join(folder, 'twice');
    const file = join(folder, 'three.ndjson');
    await writeFile(file, [signUp('ada'), signUp('alan'), signUp('grace')].join('\n'));
    const first = runSignUp('--file', file, '--out', out, '--fail', 'ALAN@canal.example');
    expect(await first.exitCode(), first.output).toBe(0);
    expect(first.sum('sign-ups accepted')).toBe(3);

    const second = runSignUp('--file', file, '--out', out);
    expect(await second.exitCode(), second.output).toBe(0);
    expect(second.output).toMatch(/✓ requests +3 = 1 accepted \+ 2 duplicate/);
    expect(second.sum('users in the store')).toBe(1);
    expect(await readdir(join(out, 'preferences'))).toHaveLength(3);
    expect((await readFile(join(out, 'audit.ndjson'), 'utf8')).trimEnd().split('\n')).toHaveLength(4);
  });

  it('reads the standard input, and answers JSON that is malformed', async () => {
    const run = runSignUp('--file', '-');
    run.write(`${signUp('ada')}\n\n`);
    await run.says('Line 1: accepted as u-');
    run.write('{"email":"alan@canal.example",\n[]\n');
    run.write(`${signUp('ADA')}\n${signUp('x'.repeat(20_000))}\n${signUp('alan')}`);
    run.end();
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Line 2: malformed. Expected JSON such as {"email":');
    expect(run.output).toContain('Line 3: invalid.');
    expect(run.output).toContain('data: Invalid input: expected object, received array.');
    expect(run.output).toContain('Line 4: duplicate.');
    expect(run.output).toContain('Line 5: too large. Expected a body of at most 16384 bytes.');
    expect(run.output).toContain('Line 6: accepted as u-');
    expect(run.sum('lines sent')).toBe(6);
    expect(run.sum('mails in mailboxes')).toBe(2);
  });

  it('ends when it is stopped, though the standard input goes on, and counts whoever else has signed up', async () => {
    const run = runSignUp('--file', '-');
    await run.says('files ');
    const url = /http:\S+/.exec(run.output)![0];
    const post = (path: string, body: string) => fetch(new URL(path, url), { method: 'POST', body });
    const accepted = await post('/sign-ups', signUp('ada'));
    expect(accepted.status).toBe(202);
    expect(await accepted.json()).toStrictEqual({
      code: 'accepted',
      userId: expect.stringMatching(/^u-/),
      eventId: expect.any(String),
    });
    expect((await fetch(url)).status).toBe(404);
    expect((await post('/sign-up', signUp('alan'))).status).toBe(404);
    const malformed = await post('/sign-ups', '{');
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({
      code: 'malformed',
      error: expect.stringContaining('Expected JSON'),
    });
    const invalid = await post('/sign-ups', '{"email":"ada","plan":"gold"}');
    expect(invalid.status).toBe(400);
    expect(await invalid.json()).toMatchObject({
      code: 'invalid',
      issues: [{ path: 'email' }, { path: 'name' }, { path: 'plan' }],
    });
    expect((await post('/sign-ups', signUp('ada'))).status).toBe(409);
    expect((await post('/sign-ups', 'x'.repeat(1_000_000))).status).toBe(413);

    run.kill('SIGINT');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toMatch(/✓ sign-ups accepted +1 = 1 of others/);
    expect(run.output).toContain('All sums hold.');
  });

  it.each([
    [['--rate', '0'], 'Expected --rate to be a number from 0.1 to 1000'],
    [['--rate', 'fast'], "got 'fast'"],
    [['--seed', '1.5'], 'Expected --seed to be an integer'],
    [['--file', '/no/such/file'], 'Expected --file to be a file that can be read'],
    [['--file', '.'], 'it is a folder'],
    [['--out', '/dev/null/out'], 'Expected --out to be a folder'],
    [['--hold'], 'Expected --hold with --trace'],
    [['--speed', '1'], "Unknown option '--speed'"],
  ])('refuses %j', async (args, text) => {
    const run = runSignUp(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo sign-up -- --help');
  });

  it('explains its options', async () => {
    const run = runSignUp('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--file', '--rate', '--fail', '--seed', '--out', '--trace', '--graph', '--hold', '--help']) {
      expect(run.output).toContain(option);
    }
  });
});

function signUp(name: string): string {
  return JSON.stringify({ email: `${name}@canal.example`, name, plan: 'free' });
}
