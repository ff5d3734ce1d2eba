import { randomUUID } from 'node:crypto';
import { createRepository, type NewEvent } from 'millrace';
import { grouped } from '../../shared/text.ts';
import { Account, type AccountCommand, AccountError } from '../account.ts';
import type { Counted, Scene } from '../scene.ts';

/** Whose account it is. */
export const ADA = 'ada';
/** After so many events the state is kept, so that a load need not begin with the first one. */
export const SNAPSHOT_EVERY = 3;

const commands: readonly AccountCommand[] = [
  { type: 'open', owner: 'Ada' },
  { type: 'deposit', amount: 1_000 },
  { type: 'withdraw', amount: 300 },
  { type: 'deposit', amount: -50 },
  { type: 'withdraw', amount: 0 },
  { type: 'deposit', amount: 0.5 },
  { type: 'withdraw', amount: 1_000_000_000 },
];

/** An account is opened, deposited to and withdrawn from; what makes no sense is refused, and what comes twice is done once. */
export async function useOneAccount({ store, say }: Scene): Promise<Counted> {
  const accounts = createRepository(store, Account, { snapshotEvery: SNAPSHOT_EVERY });
  const appended: NewEvent[] = [];
  const counts = { executed: 0, refused: 0, repeated: 0 };

  const { state, version } = await accounts.load(ADA);
  say(
    version === 0
      ? "Ada's account: nothing has happened yet."
      : `Ada's account goes on where it stopped: balance so far ${grouped(state.balance)}, version ${grouped(version)}.`,
  );
  for (const command of commands) await execute(command);
  say('One command comes twice, with one id, as if the answer to the first had been lost:');
  const [once, requestId] = [{ type: 'deposit', amount: 25 } as const, randomUUID()];
  for (const command of [once, once]) await execute(command, requestId);

  return { sums: [sumOfCommands(), await sumOfEvents()] };

  async function execute(command: AccountCommand, commandId?: string): Promise<void> {
    const words = wordsOf(command);
    try {
      const done = await accounts.execute(ADA, command, commandId === undefined ? {} : { commandId });
      if (done.isRepeated) {
        counts.repeated++;
        say(`  ${words}  done before: nothing is appended, still version ${grouped(done.version)}`);
        return;
      }
      counts.executed++;
      appended.push(...done.events);
      say(`  ${words}  version ${grouped(done.version)}, balance ${grouped(done.state.balance)}`);
    } catch (error) {
      if (!(error instanceof AccountError)) throw error;
      counts.refused++;
      say(`  ${words}  refused: ${error.message}`);
    }
  }

  function sumOfCommands() {
    return { of: "commands to Ada's account", whole: commands.length + 2, parts: counts };
  }

  /** Held against the store: what was answered is there, and only once. */
  async function sumOfEvents() {
    const answered = new Set(appended.map(({ id }) => id));
    const found: string[] = [];
    for await (const { id } of store.readStream(Account.stream(ADA))) if (answered.has(id)) found.push(id);
    return { of: 'events of these commands', whole: counts.executed, parts: { 'in the store': found.length } };
  }
}

function wordsOf(command: AccountCommand): string {
  const object = command.type === 'open' ? command.owner : grouped(command.amount);
  return `${command.type} ${object}`.padEnd(22);
}
