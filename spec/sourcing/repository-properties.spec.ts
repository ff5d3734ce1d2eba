import * as fc from 'fast-check';
import {
  type Aggregate,
  createRepository,
  defineAggregate,
  type EventStore,
  memoryEventStore,
  type NewEvent,
  OutcomeUnknownError,
  type RecordedEvent,
  VersionConflictError,
} from 'millrace';
import { explore, type Schedule } from 'millrace/testing';
import { firstValueFrom, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { interceptedStore } from '../support/intercepted-store.ts';
import { appendingBy } from '../support/lossy-store.ts';

/** What is added, and by whom: a state that shows every event that was lost, doubled or out of order. */
interface LogState {
  readonly sum: number;
  readonly names: readonly string[];
}
interface Add {
  readonly name: string;
  /** One event for each. */
  readonly amounts: readonly number[];
}

const logOf = (stateVersion: number): Aggregate<LogState, Add, NewEvent<'added', { name: string; amount: number }>> =>
  defineAggregate({
    name: 'log',
    stateVersion,
    initial: (): LogState => ({ sum: 0, names: [] }),
    decide: ({ name, amounts }: Add) =>
      amounts.map((amount): NewEvent<'added', { name: string; amount: number }> => ({
        type: 'added',
        data: { name, amount },
      })),
    evolve: ({ sum, names }, { data }) => ({ sum: sum + data.amount, names: [...names, data.name] }),
  });
const Log = logOf(1);

async function eventsOf(store: EventStore, id: string): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readStream(Log.stream(id))) events.push(event);
  return events;
}

describe('the state', () => {
  it('is the same with and without snapshots, however often they are kept, and whatever their version', async () => {
    const step = fc.record({
      amounts: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
      snapshotEvery: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
      stateVersion: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const store = memoryEventStore();
        const model = { sum: 0, names: [] as string[] };
        for (const [index, { amounts, snapshotEvery, stateVersion }] of steps.entries()) {
          const options = snapshotEvery === undefined ? {} : { snapshotEvery };
          const logs = createRepository(store, logOf(stateVersion), options);
          const before = await logs.load('1');
          expect(before).toStrictEqual({ state: model, version: model.names.length });
          const done = await logs.execute('1', { name: `c${index}`, amounts });
          for (const amount of amounts) {
            model.sum += amount;
            model.names.push(`c${index}`);
          }
          expect(done).toMatchObject({ state: model, version: model.names.length });
        }
        expect(await Log.fold(store.readStream('log-1'))).toStrictEqual(model);
      }),
      { numRuns: 100 },
    );
  });
});

const wait = (ms: number): Promise<unknown> => firstValueFrom(timer(ms));

/** The store as another process has it: it takes its time, and has some trouble with appends, but not for ever. */
function distant(store: EventStore, schedule: Schedule): EventStore {
  const slow = interceptedStore(store, async () => {
    if (schedule.chance(0.3)) await wait(schedule.upTo(20));
  });
  let troubles = schedule.upTo(6);
  let isLost = false;

  return appendingBy(slow, async (send) => {
    const trouble = troubles-- > 0 ? schedule.oneOf(['none', 'conflict', 'lost before', 'lost after']) : 'none';
    // No store says so of events that are there.
    if (trouble === 'conflict' && !isLost) throw new VersionConflictError('log-1', 0, 1);
    if (trouble === 'lost before') throw new OutcomeUnknownError('log-1', [], trouble);
    const appended = await send();
    isLost = trouble === 'lost after';
    if (isLost) throw new OutcomeUnknownError('log-1', [], trouble);
    return appended;
  });
}

it('never loses and never doubles a command, whoever executes it, and whatever becomes of its appends', async () => {
  await explore(
    async ({ schedule }) => {
      const store = memoryEventStore();
      const retry = { maxAttempts: Infinity, delayMs: 5 };
      const repositories = [undefined, 1, 3].map((snapshotEvery) =>
        createRepository(distant(store, schedule), Log, {
          retry,
          ...(snapshotEvery !== undefined && { snapshotEvery }),
        }),
      );
      const commands = Array.from({ length: 1 + schedule.upTo(4) }, (_, index) => ({
        name: `c${index}`,
        amounts: Array.from({ length: 1 + schedule.upTo(2) }, () => 1 + schedule.upTo(8)),
        // Without an id, a command is another one each time.
        times: schedule.upTo(3),
      }));

      const execute = async ({ name, amounts, times }: (typeof commands)[number]): Promise<boolean> => {
        await wait(schedule.upTo(60));
        const options = times === 0 ? {} : { commandId: name };
        const done = await schedule.oneOf(repositories).execute('1', { name, amounts }, options);
        expect(done.events.map(({ data }) => data)).toStrictEqual(amounts.map((amount) => ({ name, amount })));
        expect(done.state.names.filter((one) => one === name)).toHaveLength(amounts.length);
        return done.isRepeated;
      };
      await Promise.all(
        commands.map(async (command) => {
          const runs = Array.from({ length: Math.max(1, command.times) }, () => execute(command));
          expect(await Promise.all(runs)).toContain(false);
        }),
      );

      const events = await eventsOf(store, '1');
      expect(events.map(({ version }) => version)).toStrictEqual(events.map((_, index) => index + 1));
      const names = events.map(({ data }) => (data as { name: string }).name);
      // All or nothing, and nobody in between.
      const order = [...new Set(names)];
      const inOrder = order.map((name) => commands.find((command) => command.name === name)!);
      expect(order).toHaveLength(commands.length);
      expect(names).toStrictEqual(inOrder.flatMap(({ name, amounts }) => amounts.map(() => name)));
      const sum = commands.flatMap(({ amounts }) => amounts).reduce((before, amount) => before + amount, 0);
      for (const repository of repositories) {
        expect(await repository.load('1')).toStrictEqual({ state: { sum, names }, version: names.length });
      }
    },
    { runs: 300 },
  );
});
