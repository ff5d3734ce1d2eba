import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteEventStore } from 'millrace/sqlite';
import { given } from 'millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Account, type AccountEvent } from '../../demos/account/account.ts';
import { DemoRun } from '../support/demo-run.ts';

const runAccount = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'account', ...args);

const opened: AccountEvent = { type: 'account.opened', data: { owner: 'Ada' } };
const deposited = (amount: number): AccountEvent => ({ type: 'account.deposited', data: { amount } });
const withdrawn = (amount: number): AccountEvent => ({ type: 'account.withdrawn', data: { amount } });

describe('an account', () => {
  it('is opened once', () => {
    given(Account, []).when({ type: 'open', owner: 'Ada' }).expect(opened);
    given(Account, [opened]).when({ type: 'open', owner: 'Ada' }).expect('got that of Ada');
  });

  it('takes money, and gives what is there, to the last of it', () => {
    given(Account, [opened]).when({ type: 'deposit', amount: 40 }).expect(deposited(40));
    given(Account, [opened, deposited(40)])
      .when({ type: 'withdraw', amount: 40 })
      .expect(withdrawn(40));
    given(Account, [opened, deposited(40), withdrawn(1)])
      .when({ type: 'withdraw', amount: 40 })
      .expect('Insufficient funds: expected at most 39, got 40.');
  });

  it.each([0, -1, 0.5, Number.NaN, Infinity])('refuses an amount of %s', (amount) => {
    for (const type of ['deposit', 'withdraw'] as const) {
      given(Account, [opened, deposited(40)])
        .when({ type, amount })
        .expect(`positive whole number, got ${amount}`);
    }
  });

  it('does nothing before it is open', () => {
    given(Account, []).when({ type: 'deposit', amount: 1 }).expect('Expected an account that is open');
  });
});

describe.concurrent('the account demo', { timeout: 240_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'account-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('uses an account, goes on with it when it is run again, and begins anew when it is asked to', async () => {
    const file = join(folder, 'again', 'events.db');
    const first = runAccount('--file', file, '--customers', '20');
    expect(await first.exitCode(), first.output).toBe(0);
    expect(first.output).toContain(`file  ${file}`);
    expect(first.output).toContain("Ada's account: nothing has happened yet.");
    expect(first.output).toMatch(/withdraw 300 +version 3, balance 700\n/);
    expect(first.output).toMatch(/deposit -50 +refused: .*positive whole number, got -50/);
    expect(first.output).toMatch(/withdraw 0 +refused: .*positive whole number, got 0/);
    expect(first.output).toMatch(/withdraw 1,000,000,000 +refused: Insufficient funds: expected at most 700/);
    expect(first.output).toMatch(/deposit 25 +version 4, .*\n.*deposit 25 +done before: .*still version 4/);
    expect(first.output).toContain('Account.fold(events) → {"balance":725,"owner":"Ada"}');
    expect(first.output).toContain('A load folds 4 events; with a snapshot every 3 events, 1 of them.');
    expect(first.output).toContain('10,000 of 10,000 events appended');
    expect(first.output).toContain('Now there is generation 2.');
    expect(first.sum('withdrawals by two')).toBe(50);
    // Enough for 33 withdrawals, and not for one more: opened, deposited to, and 33 withdrawals.
    expect(first.sum('its versions')).toBe(35);
    expect(first.sum('accounts')).toBe(22);
    expect(first.sum('events of all accounts')).toBe(4 + 35 + 10_000);
    expect(first.sum('reads during the rebuild')).toBeGreaterThan(0);
    expect(first.handler('balances')).toMatchObject({ handled: 10_039, dead: 0, pending: 0 });
    expectAllSums(first);

    const second = runAccount('--file', file, '--customers', '20');
    expect(await second.exitCode(), second.output).toBe(0);
    expect(second.output).toContain('goes on where it stopped: balance so far 725, version 4.');
    expect(second.output).toMatch(/open Ada +refused: .*got that of Ada/);
    expect(second.output).toContain('The accounts of 20 other customers are there already.');
    expect(second.output).toContain('Generation 2 has taken 38 events');
    expect(second.sum("Ada's balance, folded")).toBe(1_450);
    expect(await readdir(join(folder, 'again'))).toContain('events.db.balances-3.json');
    expect(await readdir(join(folder, 'again'))).not.toContain('events.db.balances-2.json');

    const fresh = runAccount('--file', file, '--customers', '0', '--fresh');
    expect(await fresh.exitCode(), fresh.output).toBe(0);
    expect(fresh.output).toContain("Ada's account: nothing has happened yet.");
    expect(fresh.sum('accounts')).toBe(2);
  });

  /** So many that they can be stopped while they make new balances, however slow the machine is to do it. */
  const many = ['--customers', '200'];

  it('keeps the old balances when it is stopped as it makes the new ones', async () => {
    const file = join(folder, 'stopped', 'events.db');
    const run = runAccount('--file', file, ...many);
    await run.says('It is built anew');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped.');
    expectAllSums(run);
    expect(await balanceFiles(file)).toStrictEqual(['events.db.balances-1.json']);
    const balances = JSON.parse(await readFile(`${file}.balances-1.json`, 'utf8')) as unknown[];
    expect(balances).toHaveLength(202);
  });

  it('goes on after it was killed as it made the new balances, and makes lost ones again', async () => {
    const file = join(folder, 'killed', 'events.db');
    const killed = runAccount('--file', file, ...many);
    await killed.says('It is built anew');
    killed.kill('SIGKILL');
    await killed.exitCode();
    await rm(`${file}.balances-1.json`);

    const next = runAccount('--file', file, ...many);
    expect(await next.exitCode(), next.output).toBe(0);
    expect(next.output).toMatch(/Expected projection 'balances' to handle .*ENOENT/);
    expect(next.output).toContain('It is built anew, which mends it.');
    expect(next.sum('accounts')).toBe(203);
    expectAllSums(next);
    expect(await balanceFiles(file)).toStrictEqual(['events.db.balances-2.json']);
  });

  it('may be run twice at a time on one file', async () => {
    const file = join(folder, 'twice', 'events.db');
    const runs = [1, 2].map(() => runAccount('--file', file, '--customers', '4'));
    for (const run of runs) {
      expect(await run.exitCode(), run.output).toBe(0);
      expectAllSums(run);
    }
  });

  it('refuses a file that is not its own, and leaves it as it is', async () => {
    const text = join(folder, 'text.db');
    await writeFile(text, 'All my recipes, and nothing else: not a database by any means.');
    const foreign = join(folder, 'foreign.db');
    {
      await using store = await sqliteEventStore({ path: foreign });
      await store.append('recipe-1', { type: 'recipe.written', data: {} });
    }
    for (const [file, words] of [
      [text, 'Expected --file to be a file for events, there or not yet'],
      [foreign, 'which has events of another'],
    ] as const) {
      const before = await readFile(file);
      const run = runAccount('--file', file, '--fresh');
      expect(await run.exitCode(), run.output).toBe(2);
      expect(run.output).toContain(words);
      expect(await readFile(file)).toStrictEqual(before);
    }
  });

  it.each([
    [['--file', ''], 'Expected --file to be the path of a file'],
    [['--file', '.'], 'Expected --file to be a file for events, there or not yet'],
    [['--file', '/dev/null/no/events.db'], 'ENOTDIR'],
    [['--customers', '1.5'], 'Expected --customers to be an integer from 0 to 10000'],
    [['--customers', 'many'], "got 'many'"],
    [['--new'], "Unknown option '--new'"],
  ])('refuses %j', async (args, text) => {
    const run = runAccount(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo account -- --help');
  });

  it('explains its options', async () => {
    const run = runAccount('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--file', '--fresh', '--customers', '--help']) expect(run.output).toContain(option);
  });
});

function expectAllSums(run: DemoRun): void {
  expect(run.output).toContain('All sums hold.');
  expect(run.output).not.toContain('✗');
}

async function balanceFiles(file: string): Promise<readonly string[]> {
  return (await readdir(join(file, '..'))).filter((name) => name.includes('balances'));
}
