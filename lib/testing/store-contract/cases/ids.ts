import { expectRefusal, expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const idCases: readonly StoreCase[] = [
  { name: 'keeps the ids that it is given, and makes those that it is not', run: keepsIds },
  { name: 'recognises an append that is repeated, whatever it expects', run: recognisesRepeats },
  { name: 'refuses an id that another event has', run: refusesTakenIds },
  { name: 'finds an event by its id', run: findsById },
];

async function keepsIds(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const [first, ...others] = trial.events(20);
  const { ids } = await store.append(trial.stream(), [{ ...first!, id: trial.name('given') }, ...others]);
  const events = await trial.collect(store.readStream(trial.stream()));
  expectSame(
    'the ids that are read',
    events.map(({ id }) => id),
    ids,
  );
  expectSame('the id that was given', ids[0], trial.name('given'));
  expectSame('the number of different ids', new Set(ids).size, 20);
}

async function recognisesRepeats(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const events = trial.eventsWithIds([0, 1, 2], 1);
  await store.append(stream, trial.events(1));
  const first = await store.append(stream, events, { expectedVersion: 1 });
  await store.append(stream, trial.events(2, 4));
  for (const expectedVersion of [1, 6, 'any', 'stream-exists', 'no-stream'] as const) {
    const again = await store.append(stream, events, { expectedVersion });
    expectSame(`a repeated append that expects ${expectedVersion}`, again, { ...first, isRepeated: true });
  }
  expectSame('the version after repeated appends', await store.streamVersion(stream), 6);
}

async function refusesTakenIds(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const [a, b, c] = trial.eventsWithIds([0, 1, 2]);
  await store.append(stream, [a!, b!]);
  for (const [what, to, events] of [
    ['an id of another stream', trial.stream('other'), [a!]],
    ['an id of an event before', stream, [c!, a!]],
    ['ids of which some are new', stream, [a!, b!, c!]],
    ['ids in another order', stream, [b!, a!]],
    ['one id twice', stream, [c!, c!]],
  ] as const) {
    await expectRefusal(`an append with ${what}`, 'DUPLICATE_EVENT', () => store.append(to, events));
  }
  expectSame('the version after refused appends', await store.streamVersion(stream), 2);
  expectSame('the version of the other stream', await store.streamVersion(trial.stream('other')), 0);
}

async function findsById(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const { ids } = await store.append(trial.stream(), trial.events(5));
  const events = await trial.collect(store.readStream(trial.stream()));
  expectSame('the event with the third id', await store.findEvent(ids[2]!), events[2]);
  expectSame('the event with an unknown id', await store.findEvent(trial.name('unknown')), undefined);
}
