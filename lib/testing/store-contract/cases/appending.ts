import type { EventStore } from '../../../sourcing/event-store.ts';
import { expectNumbers, expectRefusal, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

const WRITERS = 8;

export const appendingCases: readonly StoreCase[] = [
  { name: 'appends events to a stream, the first as version 1', run: appends },
  { name: 'appends where the stream is expected: at a version, absent, present, or anywhere', run: heedsExpectations },
  { name: 'refuses to append where the stream stands elsewhere, and says where it stands', run: refusesConflicts },
  { name: 'appends all events of a call or none', run: appendsAllOrNone },
  { name: 'lets one of 8 writers extend a stream at a time', run: letsOneWriterWin },
  { name: 'appends what 8 writers append, each event once and without gaps', run: takesAllWriters },
  { name: 'shows whole appends only', run: showsWholeAppends },
];

async function appends(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  expectSame('the version of a stream without events', await store.streamVersion(stream), 0);
  const { version } = await store.append(stream, trial.events(3));
  expectSame('the version after 3 events', version, 3);
  const one = await store.append(stream, trial.events(1, 3)[0]!);
  expectSame('the version after one event more', one.version, 4);
  expectSame('whether it was repeated', one.isRepeated, false);
  expectSame('streamVersion()', await store.streamVersion(stream), 4);
  const events = await trial.collect(store.readStream(stream));
  expectNumbers(
    'version',
    events.map((event) => event.version),
    1,
    4,
  );
  expectNumbers('event', numbersOf(events), 0, 4);
  expectSame('the checkpoint of the append', one.checkpoint, events.at(-1)?.checkpoint);
}

async function heedsExpectations(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(1), { expectedVersion: 'no-stream' });
  await store.append(stream, trial.events(1, 1), { expectedVersion: 1 });
  await store.append(stream, trial.events(1, 2), { expectedVersion: 'stream-exists' });
  await store.append(stream, trial.events(1, 3), { expectedVersion: 'any' });
  await store.append(trial.stream('other'), trial.events(1), { expectedVersion: 0 });
  expectSame('the version', await store.streamVersion(stream), 4);
}

async function refusesConflicts(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(2));
  for (const [name, expectedVersion, actual] of [
    [stream, 1, 2],
    [stream, 3, 2],
    [stream, 'no-stream', 2],
    [stream, 0, 2],
    [trial.stream('none'), 'stream-exists', 0],
    [trial.stream('none'), 1, 0],
  ] as const) {
    const what = `an append that expects ${expectedVersion} at version ${actual}`;
    const error = await expectRefusal(what, 'VERSION_CONFLICT', () =>
      store.append(name, trial.events(1, 2), { expectedVersion }),
    );
    const { stream: of, expected, actual: found } = error as Error & Record<'actual' | 'expected' | 'stream', unknown>;
    expectSame('what the error says', [of, expected, found], [name, expectedVersion, actual]);
  }
  expectSame('the version after refused appends', await store.streamVersion(stream), 2);
  expectSame('the version of a stream after refused appends', await store.streamVersion(trial.stream('none')), 0);
}

async function appendsAllOrNone(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(trial.stream('other'), { type: trial.name('a'), data: null, id: trial.name('taken') });
  const events = [...trial.events(40), ...trial.eventsWithIds(['taken'], 40), ...trial.events(9, 41)];
  await expectRefusal('an append with an id that is taken', 'DUPLICATE_EVENT', () => store.append(stream, events));
  expectSame('the version after an append that was refused', await store.streamVersion(stream), 0);
  expectSame('the events of it', await trial.collect(store.readStream(stream)), []);
  await store.append(stream, trial.events(50), { expectedVersion: 'no-stream' });
}

async function letsOneWriterWin(trial: StoreTrial): Promise<void> {
  const stores = await openAll(trial);
  const stream = trial.stream();
  const rounds = trial.count(20);
  let conflicts = 0;
  const write = async (store: EventStore, writer: number): Promise<void> => {
    for (let round = 0; round < rounds;) {
      const expectedVersion = await store.streamVersion(stream);
      const event = { type: trial.name('written'), data: { writer, round } };
      const isWritten = await store.append(stream, event, { expectedVersion }).then(
        () => true,
        (error: { readonly code?: unknown }) => {
          if (error.code !== 'VERSION_CONFLICT') throw error;
          conflicts++;
          return false;
        },
      );
      if (isWritten) round++;
    }
  };
  await Promise.all(stores.map(write));
  const events = await trial.collect(stores[0]!.readStream(stream));
  expectNumbers(
    'version',
    events.map(({ version }) => version),
    1,
    WRITERS * rounds,
  );
  for (let writer = 0; writer < WRITERS; writer++) {
    const mine = events
      .map(({ data }) => data as { writer: number; round: number })
      .filter((data) => data.writer === writer);
    expectNumbers(
      `event of writer ${writer},`,
      mine.map(({ round }) => round),
      0,
      rounds,
    );
  }
  // Not all at once, or nothing was tried.
  if (conflicts === 0) expectSame('the conflicts of 8 writers on one stream', conflicts, 'more than 0');
}

async function takesAllWriters(trial: StoreTrial): Promise<void> {
  const stores = await openAll(trial);
  const stream = trial.stream();
  const rounds = trial.count(50);
  await Promise.all(
    stores.map(async (store, writer) => {
      for (let round = 0; round < rounds; round++) {
        await store.append(stream, trial.events(2, (writer * rounds + round) * 2));
      }
    }),
  );
  const events = await trial.collect(stores[0]!.readStream(stream));
  expectNumbers(
    'version',
    events.map(({ version }) => version),
    1,
    WRITERS * rounds * 2,
  );
  const sorted = numbersOf(events).toSorted((one, other) => one - other);
  expectNumbers('event', sorted, 0, WRITERS * rounds * 2);
}

async function showsWholeAppends(trial: StoreTrial): Promise<void> {
  const [writer, reader] = [await trial.open(), await trial.open()];
  const stream = trial.stream();
  const rounds = trial.count(100);
  const read = async (): Promise<void> => {
    for (let seen = 0; seen < rounds * 7;) {
      const { length } = await trial.collect(reader.readStream(stream));
      expectSame('events of a part of an append that is seen', length % 7, 0);
      expectSame('versions of a part of an append that are seen', (await reader.streamVersion(stream)) % 7, 0);
      seen = length;
      // The writer's turn, where everything is done by promises alone.
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const write = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) await writer.append(stream, trial.events(7));
  };
  await Promise.all([write(), read()]);
}

function openAll(trial: StoreTrial): Promise<readonly EventStore[]> {
  return Promise.all(Array.from({ length: WRITERS }, () => trial.open()));
}
