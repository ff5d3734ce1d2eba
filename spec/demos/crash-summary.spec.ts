import { memoryEventStore } from 'millrace';
import { describe, expect, it } from 'vitest';
import { Account } from '../../demos/account/account.ts';
import type { Balance } from '../../demos/account/balances.ts';
import { Killer } from '../../demos/crash/killer.ts';
import { Ledger } from '../../demos/crash/ledger.ts';
import { eventsOf, streamOf } from '../../demos/crash/plan.ts';
import { summarize } from '../../demos/crash/summary.ts';

const SEED = 7;

describe('the summary of the crash demo', () => {
  it('holds when all is there once, sent again or not', async () => {
    const { lines, holds } = await summarize(await remainsOf());
    expect(lines.filter((line) => line.startsWith('✗'))).toStrictEqual([]);
    expect(holds).toBe(true);
    expect(lines.join('\n')).toContain(
      '✓ appends                     5 = 3 answered at once + 2 answered when sent again',
    );
    expect(lines.join('\n')).toContain('2 appends had no answer when the writer was killed. 1 of them were written');
  });

  it('finds an acknowledged event that is lost', async () => {
    const remains = await remainsOf();
    remains.ledger.note({ kind: 'sent', lane: 0, number: 6 });
    const version = remains.ledger.lanes[0]!.version + eventsOf(SEED, 0, 6).length;
    remains.ledger.note({ kind: 'acknowledged', lane: 0, number: 6, version, isRepeated: false });
    expect(await wrongOf(remains)).toStrictEqual(['events acknowledged', 'events in the store']);
  });

  it('finds an event that nobody has acknowledged', async () => {
    const remains = await remainsOf();
    await remains.store.append(streamOf(1), eventsOf(SEED, 1, 1));
    expect(await wrongOf(remains)).toContain('events in the store');
  });

  it('finds events that are not those that were sent', async () => {
    const remains = await remainsOf((events) => events.map((event) => ({ ...event, data: { amount: 1_000 } })));
    expect(await wrongOf(remains)).toStrictEqual(['of them as they were sent']);
  });

  it('finds an acknowledgement that cannot be', async () => {
    const remains = await remainsOf();
    await remains.store.append(streamOf(0), eventsOf(SEED, 0, 6));
    remains.ledger.note({ kind: 'sent', lane: 0, number: 6 });
    const version = remains.ledger.lanes[0]!.version + eventsOf(SEED, 0, 6).length;
    // It was never sent before.
    remains.ledger.note({ kind: 'acknowledged', lane: 0, number: 6, version, isRepeated: true });
    expect(await wrongOf(remains)).toContain('acknowledgements');
  });

  it.each([
    ['a balance that is wrong', { balance: 1, version: 0 }, 'balances in the read model'],
    ['an event that is missing', { balance: 0, version: -1 }, 'events in the read model'],
  ])('finds in the read model %s', async (_, by, name) => {
    const remains = await remainsOf();
    const [[stream, { balance, version }]] = [...remains.balances] as [[string, Balance]];
    const wrong = { balance: balance + by.balance, version: version + by.version };
    expect(await wrongOf({ ...remains, balances: new Map([[stream, wrong]]) })).toStrictEqual([name]);
  });
});

type Events = ReturnType<typeof eventsOf>;

/** Five appends of one lane. The answers to the third and the fourth were lost with their writer; the third was written. */
async function remainsOf(alter: (events: Events) => Events = (events) => events) {
  const store = memoryEventStore();
  const ledger = new Ledger(SEED);
  const append = async (number: number): Promise<void> => {
    ledger.note({ kind: 'sent', lane: 0, number });
    const { version, isRepeated } = await store.append(streamOf(0), alter(eventsOf(SEED, 0, number)), {
      expectedVersion: ledger.lanes[0]!.version,
    });
    ledger.note({ kind: 'acknowledged', lane: 0, number, version, isRepeated });
  };
  await append(1);
  await append(2);
  ledger.note({ kind: 'sent', lane: 0, number: 3 });
  await store.append(streamOf(0), alter(eventsOf(SEED, 0, 3)));
  ledger.bury();
  await append(3);
  ledger.note({ kind: 'sent', lane: 0, number: 4 });
  ledger.bury();
  await append(4);
  await append(5);

  const { balance } = await Account.fold(store.readStream(streamOf(0)));
  const version = await store.streamVersion(streamOf(0));
  const balances: ReadonlyMap<string, Balance> = new Map([[streamOf(0), { balance, version }]]);
  return {
    store,
    balances,
    ledger,
    taken: { events: version, repeated: 0 },
    killer: new Killer(SEED, VICTIMS),
    seed: SEED,
  };
}

async function wrongOf(remains: Awaited<ReturnType<typeof remainsOf>>): Promise<readonly string[]> {
  const { lines, holds } = await summarize(remains);
  expect(holds).toBe(false);
  return lines.flatMap((line) => /^✗ (.+?) {2}/.exec(line)?.[1] ?? []);
}

const nobody = {
  name: 'nobody',
  isReady: false,
  starts: 0,
  kills: { opening: 0, ready: 0 },
  start: () => undefined,
  reached: async () => undefined,
  kill: async () => undefined,
};
const VICTIMS = { writer: nobody, projection: nobody, onWriterDead: () => undefined };
