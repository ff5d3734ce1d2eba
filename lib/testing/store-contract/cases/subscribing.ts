import { expectNumbers, expectOrder, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';
import type { EventStore } from '../../../sourcing/event-store.ts';

export const subscribingCases: readonly StoreCase[] = [
  { name: 'hands catch-up over to live under load, without a gap and without a repeat', run: handsOver },
  { name: 'gives 16 subscribers the same events in the same order', run: givesAllTheSame },
  { name: 'gives from the end on only what comes', run: beginsAtTheEnd },
  { name: 'resumes a subscription behind any checkpoint', run: resumes },
  { name: 'subscribes to the types and streams that are asked for', run: selects },
  { name: 'says when a subscription has caught up', run: saysWhenCaughtUp },
  { name: 'gives a slow subscriber every event', run: waitsForTheSlow },
  { name: 'ends a subscription whose signal is aborted, and lets it be left', run: ends },
  { name: 'wakes the subscribers of other clients', needsMany: true, run: wakesOthers },
];

async function handsOver(trial: StoreTrial): Promise<void> {
  const stores = await Promise.all(Array.from({ length: 4 }, () => trial.open()));
  const rounds = trial.count(100);
  await write(trial, stores[0]!, 'early', rounds);
  const writing = trial.within(
    Promise.all(Array.from({ length: 8 }, (_, writer) => write(trial, stores[writer % 4]!, writer, rounds))),
    'all writers to end',
  );
  // It begins while the writers are at work.
  const events = await trial.take(stores[1]!, rounds * 3 * 9);
  await writing;
  expectOrder('a subscription', events);
  expectSame('how many different events came', new Set(events.map(({ id }) => id)).size, rounds * 3 * 9);
  const all = await trial.collect(stores[2]!.readAll({ streams: { prefix: trial.prefix } }));
  expectSame(
    'whether it was in the order of readAll',
    events.every(({ id }, at) => id === all[at]?.id),
    true,
  );
}

async function givesAllTheSame(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const rounds = trial.count(50);
  const subscriptions = Array.from({ length: 16 }, () => trial.take(store, rounds * 3));
  await write(trial, store, 'a', rounds);
  const [first, ...others] = await Promise.all(subscriptions);
  expectNumbers('event', numbersOf(first!), 0, rounds * 3);
  for (const other of others) expectSame('what another subscriber was given', other, first);
}

async function beginsAtTheEnd(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await store.append(trial.stream(), trial.events(5));
  const caughtUp = signalled();
  const taking = trial.take(store, 3, { from: 'end', onCaughtUp: caughtUp.resolve });
  await trial.within(caughtUp.promise, 'a subscription from the end to catch up');
  await store.append(trial.stream(), trial.events(3, 5));
  expectNumbers('event from the end on', numbersOf(await taking), 5, 3);
}

async function resumes(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await write(trial, store, 'a', 10);
  const all = await trial.take(store, 30);
  for (const [index, { checkpoint }] of all.entries()) {
    if (index === all.length - 1) break;
    const rest = await trial.take(store, all.length - index - 1, { from: checkpoint });
    expectSame(`what came behind event ${index + 1}`, rest, all.slice(index + 1));
  }
}

async function selects(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const red = trial.name('red');
  const taking = trial.take(store, 4, { types: [red], streams: { prefix: trial.stream('a') } });
  for (let round = 0; round < 4; round++) {
    await store.append(trial.stream('a'), [...trial.events(1, round, red), ...trial.events(1, 90)]);
    await store.append(trial.stream('b'), trial.events(1, 91, red));
  }
  expectNumbers('event of its type and stream', numbersOf(await taking), 0, 4);
}

async function saysWhenCaughtUp(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await store.append(trial.stream(), trial.events(5));
  const controller = new AbortController();
  const seen: number[] = [];
  const places: (string | undefined)[] = [];
  const caughtUp = signalled();
  const onCaughtUp = (checkpoint: string | undefined): void => {
    seen.push(-1);
    places.push(checkpoint);
    caughtUp.resolve();
  };
  const { signal } = controller;
  const reading = trial.within(
    read(store, { signal, streams: trial.stream(), onCaughtUp }, seen),
    'an aborted subscription to end',
  );
  await trial.within(caughtUp.promise, 'a subscription to catch up');
  controller.abort();
  await reading;
  expectSame('the events until it had caught up', seen.slice(0, seen.indexOf(-1)), [0, 1, 2, 3, 4]);
  const from = places[0];
  const rest = await trial.collect(store.readAll({ ...(from !== undefined && { from }), streams: trial.stream() }));
  expectSame('what is behind where it had caught up', rest, []);
}

async function waitsForTheSlow(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const count = trial.count(2_000);
  await store.append(stream, trial.events(5));
  let written = 5;
  const seen: number[] = [];
  for await (const { data } of store.subscribe({ streams: stream })) {
    seen.push((data as { readonly number: number }).number);
    if (seen.length >= count) break;
    // As it goes on, five come for each that it takes.
    await store.append(stream, trial.events(5, written));
    written += 5;
    if (seen.length === 1) await trial.quiet();
  }
  expectNumbers('event of a slow subscriber', seen, 0, count);
}

async function ends(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await store.append(trial.stream(), trial.events(5));
  expectSame('what is given to a loop that is left', numbersOf(await trial.take(store, 2)), [0, 1]);
  const controller = new AbortController();
  const caughtUp = signalled();
  const seen: number[] = [];
  const options = { signal: controller.signal, streams: trial.stream(), onCaughtUp: caughtUp.resolve };
  const reading = trial.within(read(store, options, seen), 'an aborted subscription to end');
  await trial.within(caughtUp.promise, 'a subscription to catch up');
  controller.abort();
  await reading;
  await store.append(trial.stream(), trial.events(5, 5));
  await trial.quiet();
  expectSame('what an aborted subscription was given', seen, [0, 1, 2, 3, 4]);
  const late = trial.collect(
    store.subscribe({ signal: AbortSignal.abort() }),
    'a subscription of an aborted signal to end',
  );
  expectSame('what a subscription is given whose signal was aborted before', await late, []);
}

async function wakesOthers(trial: StoreTrial): Promise<void> {
  const [reader, writer] = [await trial.open(), await trial.open()];
  const caughtUp = signalled();
  const taking = trial.take(reader, 50, { onCaughtUp: caughtUp.resolve });
  await trial.within(caughtUp.promise, 'a subscription to catch up');
  for (let at = 0; at < 50; at += 10) {
    await writer.append(trial.stream(), trial.events(10, at));
    await trial.quiet();
  }
  expectNumbers('event of another client', numbersOf(await taking), 0, 50);
}

async function read(store: EventStore, options: Parameters<EventStore['subscribe']>[0], seen: number[]): Promise<void> {
  for await (const { data } of store.subscribe(options)) seen.push((data as { readonly number: number }).number);
}

/** Appends events by threes. */
async function write(trial: StoreTrial, store: EventStore, name: number | string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) await store.append(trial.stream(name), trial.events(3, round * 3));
}

function signalled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}
