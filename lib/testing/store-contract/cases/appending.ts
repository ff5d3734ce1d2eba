import { expectNumbers, expectRefusal, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const appendingCases: readonly StoreCase[] = [
  { name: 'appends events to a stream, the first as version 1', run: appends },
  { name: 'appends where the stream is expected: at a version, absent, present, or anywhere', run: heedsExpectations },
  { name: 'refuses to append where the stream stands elsewhere, and says where it stands', run: refusesConflicts },
  { name: 'appends all events of a call or none', run: appendsAllOrNone },
  { name: 'appends thousands of events in one call', run: appendsThousands },
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

async function appendsThousands(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const count = trial.count(20_000);
  const ids = Array.from({ length: count }, (_, index) => index);
  const events = trial.eventsWithIds(ids);
  const appended = await store.append(stream, events, { expectedVersion: 'no-stream' });
  expectSame('the version after one append', appended.version, count);
  expectNumbers('event', numbersOf(await trial.collect(store.readStream(stream))), 0, count);
  const { version, checkpoint, isRepeated } = await store.append(stream, events);
  const { version: known, checkpoint: end } = appended;
  expectSame('the same append again', [version, checkpoint, isRepeated], [known, end, true]);
}
