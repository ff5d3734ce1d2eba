import { SNAPSHOT_KIND } from '../../../sourcing/document-store.ts';
import { expectRefusal, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const deletingCases: readonly StoreCase[] = [
  { name: 'deletes a stream with its snapshot, and nothing else', run: deletes },
  { name: 'appends nothing to a deleted stream', run: refusesDeleted },
  { name: 'deletes a stream only where it is expected', run: heedsExpectations },
  { name: 'gives what comes after a deletion to whoever had read all before', run: goesOn },
];

async function deletes(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const [gone, stays] = [trial.stream('gone'), trial.stream('stays')];
  const { ids } = await store.append(gone, trial.events(3));
  await store.append(stays, trial.events(3, 3));
  for (const stream of [gone, stays]) await store.documents.put(SNAPSHOT_KIND, stream, '{}');
  expectSame('whether there was such a stream', await store.deleteStream(gone), true);
  expectSame('its events', await trial.collect(store.readStream(gone)), []);
  expectSame('its version', await store.streamVersion(gone), 0);
  expectSame('one of its events', await store.findEvent(ids[0]!), undefined);
  expectSame('its snapshot', await store.documents.get(SNAPSHOT_KIND, gone), undefined);
  const all = await trial.collect(store.readAll({ streams: { prefix: trial.prefix } }));
  expectSame('what is left of all', numbersOf(all), [3, 4, 5]);
  expectSame('whether the other snapshot is there', (await store.documents.get(SNAPSHOT_KIND, stays))?.revision, 1);
  expectSame('whether it can be deleted again', await store.deleteStream(gone), false);
  expectSame('whether a stream can be deleted that never was', await store.deleteStream(trial.stream('none')), false);
}

async function refusesDeleted(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await store.append(trial.stream(), trial.events(3));
  await store.deleteStream(trial.stream());
  for (const expectedVersion of ['any', 'no-stream', 0, 3, 'stream-exists'] as const) {
    await expectRefusal(`an append to a deleted stream that expects ${expectedVersion}`, 'STREAM_DELETED', () =>
      store.append(trial.stream(), trial.events(1), { expectedVersion }),
    );
  }
  await store.deleteStream(trial.stream('none'));
  await store.append(trial.stream('none'), trial.events(1));
}

async function heedsExpectations(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(3));
  for (const expectedVersion of [2, 'no-stream'] as const) {
    await expectRefusal(`a deletion that expects ${expectedVersion} at version 3`, 'VERSION_CONFLICT', () =>
      store.deleteStream(stream, { expectedVersion }),
    );
  }
  await expectRefusal('a deletion that expects 3 at version 0', 'VERSION_CONFLICT', () =>
    store.deleteStream(trial.stream('none'), { expectedVersion: 3 }),
  );
  expectSame('the version after refused deletions', await store.streamVersion(stream), 3);
  expectSame('whether it is deleted at version 3', await store.deleteStream(stream, { expectedVersion: 3 }), true);
}

async function goesOn(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const streams = { prefix: trial.prefix };
  await store.append(trial.stream('a'), trial.events(3));
  const { checkpoint } = await store.append(trial.stream('b'), trial.events(3, 3));
  await store.deleteStream(trial.stream('b'));
  await store.append(trial.stream('a'), trial.events(3, 6));
  const rest = await trial.collect(store.readAll({ from: checkpoint, streams }));
  expectSame('what is behind an event that was deleted', numbersOf(rest), [6, 7, 8]);
}
