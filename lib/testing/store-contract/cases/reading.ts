import type { EventStore } from '../../../sourcing/event-store.ts';
import type { RecordedEvent } from '../../../sourcing/recorded-event.ts';
import { expectNumbers, expectOrder, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const readingCases: readonly StoreCase[] = [
  { name: 'reads a stream in its order, forwards and backwards', run: readsBothWays },
  { name: 'reads from a version on, and at most so many', run: readsParts },
  { name: 'reads all streams in one order, which keeps the order of each stream', run: readsAll },
  { name: 'goes on from any checkpoint with exactly the rest', run: goesOn },
  { name: 'reads the types and streams that are asked for', run: selects },
  { name: 'finds a few events among thousands', run: findsFew },
  { name: 'ends a read whose signal is aborted with its reason', run: heedsSignals },
  { name: 'says where it stands', run: saysItsHead },
];

async function readsBothWays(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const count = trial.count(10_000);
  for (let at = 0; at < count; at += 500) await store.append(stream, trial.events(Math.min(500, count - at), at));
  const forwards = await trial.collect(store.readStream(stream));
  expectNumbers('event forwards', numbersOf(forwards), 0, count);
  const backwards = await trial.collect(store.readStream(stream, { direction: 'backwards' }));
  expectNumbers('event backwards, from its end,', numbersOf(backwards).toReversed(), 0, count);
  expectSame('the first event backwards', backwards[0], forwards.at(-1));
}

async function readsParts(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(10, 1));
  const read = async (options: Parameters<EventStore['readStream']>[1]): Promise<readonly number[]> =>
    numbersOf(await trial.collect(store.readStream(stream, options)));
  expectSame('versions from 8', await read({ from: 8 }), [8, 9, 10]);
  expectSame('two versions from 8', await read({ from: 8, limit: 2 }), [8, 9]);
  expectSame('no versions', await read({ limit: 0 }), []);
  expectSame('versions from 11', await read({ from: 11 }), []);
  expectSame('versions from 3 backwards', await read({ from: 3, direction: 'backwards' }), [3, 2, 1]);
  expectSame('two versions backwards', await read({ limit: 2, direction: 'backwards' }), [10, 9]);
  expectSame('versions from 99 backwards', await read({ from: 99, limit: 1, direction: 'backwards' }), [10]);
  expectSame('a stream that is none', await trial.collect(store.readStream(trial.stream('none'))), []);
}

async function readsAll(trial: StoreTrial): Promise<void> {
  const [store, other] = [await trial.open(), await trial.open()];
  await fill(trial, store);
  const streams = { prefix: trial.prefix };
  const all = await trial.collect(store.readAll({ streams }));
  expectSame('the number of events', all.length, 60);
  expectOrder('all events', all);
  expectNumbers('event in the order of appends,', numbersOf(all), 0, 60);
  expectSame('all events for another reader', await trial.collect(other.readAll({ streams })), all);
  expectSame('how many checkpoints there are', new Set(all.map(({ checkpoint }) => checkpoint)).size, 60);
  expectSame(
    'whether positions ascend',
    all.every(({ position }, at) => at === 0 || position > all[at - 1]!.position),
    true,
  );
}

async function goesOn(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await fill(trial, store);
  const streams = { prefix: trial.prefix };
  const all = await trial.collect(store.readAll({ streams }));
  for (const [index, { checkpoint }] of all.entries()) {
    const rest = await trial.collect(store.readAll({ from: checkpoint, streams }));
    expectSame(`the rest behind event ${index + 1}`, rest, all.slice(index + 1));
    const two = await trial.collect(store.readAll({ from: checkpoint, streams, limit: 2 }));
    expectSame(`two events behind event ${index + 1}`, two, all.slice(index + 1, index + 3));
  }
  expectSame('what is behind the end', await trial.collect(store.readAll({ from: 'end', streams })), []);
  expectSame('no events of all', await trial.collect(store.readAll({ limit: 0, streams })), []);
}

async function selects(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const [red, blue] = [trial.name('red'), trial.name('blue')];
  const [a, b, c] = [trial.stream('a'), trial.stream('b-1'), trial.stream('b-2')];
  for (let at = 0; at < 90; at += 6) {
    await store.append(a, [...trial.events(1, at, red), ...trial.events(1, at + 1, blue)]);
    await store.append(b, [...trial.events(1, at + 2, red), ...trial.events(1, at + 3, blue)]);
    await store.append(c, [...trial.events(1, at + 4, red), ...trial.events(1, at + 5, blue)]);
  }
  const read = async (options: Parameters<EventStore['readAll']>[0]): Promise<readonly number[]> =>
    numbersOf(await trial.collect(store.readAll(options)));
  const expected = (isWanted: (rest: number) => boolean): readonly number[] =>
    Array.from({ length: 90 }, (_, number) => number).filter((number) => isWanted(number % 6));
  expectSame(
    'events of one type',
    await read({ types: [red] }),
    expected((rest) => rest % 2 === 0),
  );
  expectSame(
    'events of two types',
    await read({ types: [blue, red] }),
    expected(() => true),
  );
  expectSame('events of no type', await read({ types: [] }), []);
  expectSame('events of an unknown type', await read({ types: [trial.name('green')] }), []);
  expectSame(
    'events of one stream',
    await read({ streams: b }),
    expected((rest) => rest === 2 || rest === 3),
  );
  expectSame(
    'events of two streams',
    await read({ streams: [a, c] }),
    expected((rest) => rest !== 2 && rest !== 3),
  );
  const both = { streams: [a, { prefix: trial.stream('b-') }] };
  expectSame(
    'events of a stream and a prefix',
    await read(both),
    expected(() => true),
  );
  const blueOfB = { types: [blue], streams: { prefix: trial.stream('b') } };
  expectSame(
    'events of a type in streams',
    await read(blueOfB),
    expected((rest) => rest === 3 || rest === 5),
  );
  expectSame('three of them', await read({ ...blueOfB, limit: 3 }), [3, 5, 9]);
}

async function findsFew(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const rare = trial.name('rare');
  const rounds = trial.count(100);
  for (let round = 0; round < rounds; round++) {
    await store.append(trial.stream('many'), trial.events(200));
    if (round % 5 === 4) await store.append(trial.stream('few'), trial.events(1, round, rare));
  }
  // What is rare is followed by much that is not wanted, too.
  await store.append(trial.stream('many'), trial.events(200));
  const rounded = Array.from({ length: Math.floor(rounds / 5) }, (_, index) => index * 5 + 4);
  const streams = { prefix: trial.prefix };
  const byType = await trial.collect(store.readAll({ types: [rare], streams }));
  expectSame('the few of a type', numbersOf(byType), rounded);
  const byStream = await trial.collect(store.readAll({ streams: trial.stream('few') }));
  expectSame('the few of a stream', numbersOf(byStream), rounded);
  const first = await trial.collect(store.readAll({ types: [rare], streams, limit: 1 }));
  expectSame('the first of a type', numbersOf(first), rounded.slice(0, 1));
  const from = byType[0]?.checkpoint;
  const rest = await trial.collect(store.readAll({ types: [rare], streams, from }));
  expectSame('the rest of a type', numbersOf(rest), rounded.slice(1));
  const taken = await trial.take(store, rounded.length, { types: [rare], streams });
  expectSame('what a subscription to a type is given', numbersOf(taken), rounded);
}

async function heedsSignals(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(100));
  for (const read of [store.readStream.bind(store, stream), store.readAll.bind(store)] as const) {
    const reason = new Error('enough');
    const { count, error } = await readUntil(5, reason, read);
    expectSame('what an aborted read ends with', error, reason);
    expectSame('how many events it has given', count, 5);
    const late = collectError(read({ signal: AbortSignal.abort(reason) }));
    expectSame('what a read ends with whose signal was aborted before', await trial.within(late, 'it to end'), reason);
  }
}

async function saysItsHead(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const before = await store.head();
  const { checkpoint } = await store.append(trial.stream(), trial.events(5));
  const after = await store.head();
  expectSame('whether the head has gone on', after.position >= before.position + 5, true);
  const streams = { prefix: trial.prefix };
  const come = await trial.collect(store.readAll({ from: before.checkpoint, streams }));
  expectSame('how many events came behind the head of before', come.length, 5);
  expectSame('the last of them', come.at(-1)?.checkpoint, checkpoint);
  expectSame(
    'what is behind the head of now',
    await trial.collect(store.readAll({ from: after.checkpoint, streams })),
    [],
  );
}

/** Appends 60 events by turns to three streams. */
async function fill(trial: StoreTrial, store: EventStore): Promise<void> {
  for (let at = 0; at < 60; at += 4) await store.append(trial.stream(at % 3), trial.events(4, at));
}

async function collectError(events: AsyncIterable<RecordedEvent>): Promise<unknown> {
  try {
    for await (const event of events) return event;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Reads so many events, then aborts. */
async function readUntil(
  wanted: number,
  reason: Error,
  read: (options: { readonly signal: AbortSignal }) => AsyncIterable<RecordedEvent>,
): Promise<{ readonly count: number; readonly error: unknown }> {
  const controller = new AbortController();
  let count = 0;
  const abortInTime = (): void => {
    if (++count === wanted) controller.abort(reason);
  };
  try {
    for await (const _ of read({ signal: controller.signal })) abortInTime();
    return { count, error: undefined };
  } catch (error) {
    return { count, error };
  }
}
