import type { EventStore } from '../../../sourcing/event-store.ts';
import { expectNumbers, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

const WRITERS = 8;

export const racingCases: readonly StoreCase[] = [
  { name: 'lets one of 8 writers extend a stream at a time', run: letsOneWriterWin },
  { name: 'appends what 8 writers append, each event once and without gaps', run: takesAllWriters },
  { name: 'shows whole appends only', run: showsWholeAppends },
  { name: 'writes an append once that 8 writers send at once', run: writesRepeatsOnce },
  { name: 'gives ids to one of 8 writers who use them at once', run: givesIdsToOne },
  { name: 'appends nothing behind a deletion that comes in between', run: deletesForGood },
];

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
      await trial.breathe('every writer to have appended its events');
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
      const all = await trial.collect(reader.readAll({ streams: stream }));
      expectSame('events of a part of an append that is seen among all', all.length % 7, 0);
      seen = length;
      // The writer's turn, where everything is done by promises alone.
      await trial.pass(0);
    }
  };
  const write = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) await writer.append(stream, trial.events(7));
  };
  await Promise.all([write(), read()]);
}

async function writesRepeatsOnce(trial: StoreTrial): Promise<void> {
  const stores = await openAll(trial);
  for (const expectedVersion of ['any', 'no-stream'] as const) {
    const stream = trial.stream(expectedVersion);
    const events = trial.eventsWithIds([`${expectedVersion}-1`, `${expectedVersion}-2`]);
    const results = await Promise.all(stores.map((store) => store.append(stream, events, { expectedVersion })));
    expectSame(`how many have written what expects ${expectedVersion}`, countOf(results, isNew), 1);
    const places = new Set(results.map(({ version, checkpoint }) => `${version} ${checkpoint}`));
    const [last] = await trial.collect(stores[0]!.readStream(stream, { direction: 'backwards' }));
    expectSame('what they were told of where it is', places, new Set([`2 ${last?.checkpoint}`]));
    expectSame('the version', await stores[0]!.streamVersion(stream), 2);
  }
}

async function givesIdsToOne(trial: StoreTrial): Promise<void> {
  const stores = await openAll(trial);
  for (let round = 0; round < trial.count(20); round++) {
    const ids = [`${round}-1`, `${round}-2`, `${round}-3`];
    // By turns in one order and the other: whoever locks each id when it comes to it would wait for ever.
    const attempts = stores.map((store, writer) =>
      store.append(trial.stream(`${round}-${writer}`), trial.eventsWithIds(writer % 2 === 0 ? ids : ids.toReversed())),
    );
    const results = await trial.within(Promise.allSettled(attempts), 'appends with the same ids to end');
    expectRefusedOnly(results, 'DUPLICATE_EVENT');
    expectSame('how many have got the ids', countOf(results, isFulfilled), 1);
    for (const [writer, { status }] of results.entries()) {
      const version = await stores[0]!.streamVersion(trial.stream(`${round}-${writer}`));
      expectSame(`the version after an append that was ${status}`, version, status === 'fulfilled' ? 3 : 0);
    }
  }
}

async function deletesForGood(trial: StoreTrial): Promise<void> {
  const stores = await openAll(trial);
  const stream = trial.stream();
  // The first of each is there before the deletion, and each goes on until it is refused.
  await Promise.all(stores.map((store) => store.append(stream, trial.events(2))));
  const writing = stores.map(async (store): Promise<void> => {
    for (;;) {
      await store.append(stream, trial.events(2));
      await trial.breathe('appends to a deleted stream to be refused');
    }
  });
  const written = Promise.allSettled(writing);
  const deletions = await Promise.all(stores.slice(0, 2).map((store) => store.deleteStream(stream)));
  expectSame('how many of two deletions at once have found it', countOf(deletions, Boolean), 1);
  expectRefusedOnly(await trial.within(written, 'appends to a deleted stream to be refused'), 'STREAM_DELETED');
  for (const store of stores) {
    expectSame('the version of a deleted stream', await store.streamVersion(stream), 0);
    expectSame('its events', await trial.collect(store.readStream(stream)), []);
    expectSame('its events among all', await trial.collect(store.readAll({ streams: stream })), []);
  }
}

function expectRefusedOnly(results: readonly PromiseSettledResult<unknown>[], code: string): void {
  for (const result of results) {
    if (result.status === 'rejected' && (result.reason as { readonly code?: unknown }).code !== code) {
      throw result.reason;
    }
  }
}

function countOf<Item>(items: readonly Item[], isCounted: (item: Item) => boolean): number {
  return items.filter(isCounted).length;
}

function isNew({ isRepeated }: { readonly isRepeated: boolean }): boolean {
  return !isRepeated;
}

function isFulfilled({ status }: PromiseSettledResult<unknown>): boolean {
  return status === 'fulfilled';
}

function openAll(trial: StoreTrial): Promise<readonly EventStore[]> {
  return Promise.all(Array.from({ length: WRITERS }, () => trial.open()));
}
