import type { Accounts, OpenAccounts } from '../contestants/execute/accounts.ts';
import { expectEqual } from './expect-equal.ts';
import type { Entrant, Metric } from './row.ts';

const LONG = 10_000;

/** Commands on aggregates of different lengths, and loads without a command. */
export const EXECUTE_METRICS: readonly Metric[] = [
  { name: 'execute1', unit: 'commands/s at 1 event', isRate: true },
  { name: 'execute100', unit: 'at 100', isRate: true },
  { name: 'execute10k', unit: 'at 10,000', isRate: true },
  { name: 'load100', unit: 'loads/s at 100', isRate: true },
  { name: 'load10k', unit: 'at 10,000', isRate: true },
];

/** Events since the newest snapshot, in the middle of what may be. */
const TAIL = 50;

/** Aggregates among which the commands are divided where each of them makes one longer. */
const PARTS = 10;

/**
 * Measures commands one after the other, on aggregates that are as long as is said or a little longer.
 *
 * @param longShare - how many times fewer are done on the longest, if they are slow there
 */
export async function executeEntrant(open: OpenAccounts, longShare: number): Promise<Entrant> {
  const accounts = await open();
  await accounts.fill('long', LONG, TAIL);
  await accounts.fill('long-unchanged', LONG, TAIL);
  await accounts.fill('short-unchanged', 100, TAIL);
  let executed = 0;
  let round = 0;
  return {
    async run({ events }) {
      round++;
      const atLong = Math.max(3, Math.ceil(events / longShare));
      const singles = await filled(accounts, events, `single-${round}`, 1);
      const shorts = await filled(accounts, PARTS, `short-${round}`, 100);
      const execute = async (id: string): Promise<number> => accounts.execute(id);
      const measures = {
        execute1: await timed(events, async (index) => execute(singles[index]!)),
        execute100: await timed(events, async (index) => execute(shorts[index % PARTS]!)),
        execute10k: await timed(atLong, async () => execute('long')),
        load100: await timed(events, async () => accounts.load('short-unchanged')),
        load10k: await timed(atLong, async () => accounts.load('long-unchanged')),
      };
      executed += atLong;
      return measures;
    },
    async verify() {
      expectEqual('the version of the longest', await accounts.load('long'), LONG + executed);
      expectEqual('the version of another', await accounts.load('long-unchanged'), LONG);
      expectEqual('the version of a short one', await accounts.load('short-unchanged'), 100);
    },
  };
}

/** Makes so many aggregates, and returns their ids. */
async function filled(accounts: Accounts, count: number, name: string, events: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  for (const id of ids) await accounts.fill(id, events, TAIL);
  return ids;
}

/** Nanoseconds for each. */
async function timed(count: number, work: (index: number) => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) await work(index);
  return ((performance.now() - startedAt) * 1e6) / count;
}
