/// <reference lib="esnext.disposable" preserve="true" />
import { expectNumbers, expectRefusal, expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const lifeCases: readonly StoreCase[] = [
  { name: 'refuses everything when it is closed', run: refusesWhenClosed },
  { name: 'ends reads with an error and subscriptions in order when it closes', run: endsReads },
  { name: 'closes once, however often it is asked', run: closesOnce },
  { name: 'has finished or refused every append when it has closed', needsMany: true, run: finishesAppends },
  { name: 'keeps what was written for the next client', needsMany: true, run: keeps },
  { name: 'lets the next client go on from a checkpoint', needsMany: true, run: goesOn },
  { name: 'recognises an append that another client has written', needsMany: true, run: recognises },
];

async function refusesWhenClosed(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(1));
  await trial.within(store.close(), 'close() to resolve');
  const all: readonly (readonly [string, () => unknown])[] = [
    ['append', () => store.append(stream, trial.events(1))],
    ['readStream', () => store.readStream(stream)],
    ['readAll', () => store.readAll()],
    ['subscribe', () => store.subscribe()],
    ['findEvent', () => store.findEvent('a')],
    ['streamVersion', () => store.streamVersion(stream)],
    ['deleteStream', () => store.deleteStream(stream)],
    ['head', () => store.head()],
    ['documents.get', () => store.documents.get('a', 'b')],
    ['documents.put', () => store.documents.put('a', 'b', '1')],
    ['documents.list', () => store.documents.list('a')],
    ['documents.remove', () => store.documents.remove('a', 'b')],
    ['deadLetters().list', () => store.deadLetters('a').list()],
    ['deadLetters().remove', () => store.deadLetters('a').remove('b')],
  ];
  for (const [name, attempt] of all) await expectRefusal(`${name} of a closed store`, 'CLOSED', attempt);
}

async function endsReads(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(stream, trial.events(trial.count(3_000)));
  const read = store.readStream(stream);
  await read.next();
  const subscription = store.subscribe({ streams: stream });
  await subscription.next();
  const waiting = store.subscribe({ from: 'end', streams: stream });
  const next = trial.within(waiting.next(), 'it to end');
  await trial.within(store.close(), 'close() to resolve while a subscription waits');
  expectSame('the end of a waiting subscription', await next, {
    value: undefined,
    done: true,
  });
  expectSame('the rest of a subscription', await trial.collect(subscription, 'a subscription to end'), []);
  await expectRefusal('the rest of a read', 'CLOSED', () => trial.collect(read));
}

async function closesOnce(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  await store.append(trial.stream(), trial.events(1));
  await trial.within(Promise.all([store.close(), store.close()]), 'two close() at once to resolve');
  await trial.within(store.close(), 'close() to resolve again');
  await trial.within(store[Symbol.asyncDispose](), 'disposal to resolve');
}

async function finishesAppends(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const appends = Array.from({ length: 50 }, (_, index) => store.append(trial.stream(index), trial.events(2)));
  const settled = Promise.allSettled(appends);
  await trial.within(store.close(), 'close() to resolve during appends');
  const results = await trial.within(settled, 'every append to end');
  const next = await trial.open();
  for (const [index, { status }] of results.entries()) {
    const version = await next.streamVersion(trial.stream(index));
    expectSame(`the version after an append that was ${status}`, version, status === 'fulfilled' ? 2 : 0);
  }
}

async function keeps(trial: StoreTrial): Promise<void> {
  const first = await trial.open();
  await first.append(trial.stream(), trial.events(20));
  await first.append(trial.stream('gone'), trial.events(1));
  await first.deleteStream(trial.stream('gone'));
  await first.documents.put(trial.name('kind'), 'a', '1');
  const before = await trial.collect(first.readStream(trial.stream()));
  await first.close();
  const next = await trial.open();
  const after = await trial.collect(next.readStream(trial.stream()));
  expectNumbers('event', numbersOf(after), 0, 20);
  expectSame('the events', after, before);
  const document = await next.documents.get(trial.name('kind'), 'a');
  expectSame('the document', document, { key: 'a', value: '1', revision: 1 });
  await expectRefusal('an append to a deleted stream', 'STREAM_DELETED', () =>
    next.append(trial.stream('gone'), trial.events(1)),
  );
  await next.append(trial.stream(), trial.events(1, 20), { expectedVersion: 20 });
}

async function goesOn(trial: StoreTrial): Promise<void> {
  const first = await trial.open();
  const streams = { prefix: trial.prefix };
  for (let at = 0; at < 20; at += 2) await first.append(trial.stream(at % 3), trial.events(2, at));
  const all = await trial.collect(first.readAll({ streams }));
  const head = await first.head();
  await first.close();
  const next = await trial.open();
  expectSame('all events for the next client', await trial.collect(next.readAll({ streams })), all);
  for (const [index, { checkpoint }] of all.entries()) {
    const rest = await trial.collect(next.readAll({ from: checkpoint, streams }));
    expectSame(`what is behind event ${index + 1} for the next client`, rest, all.slice(index + 1));
  }
  await next.append(trial.stream(0), trial.events(2, 20));
  const come = await trial.collect(next.readAll({ from: head.checkpoint, streams }));
  expectSame('what came behind the head of the client before', numbersOf(come), [20, 21]);
}

async function recognises(trial: StoreTrial): Promise<void> {
  const [first, other] = [await trial.open(), await trial.open()];
  const events = trial.eventsWithIds([0, 1, 2]);
  const written = await first.append(trial.stream(), events, { expectedVersion: 'no-stream' });
  const seen = await other.append(trial.stream(), events, { expectedVersion: 'no-stream' });
  expectSame('a repeated append by another client', seen, { ...written, isRepeated: true });
  await first.close();
  const next = await trial.open();
  const again = await next.append(trial.stream(), events, { expectedVersion: 'no-stream' });
  expectSame('a repeated append by the next client', again, { ...written, isRepeated: true });
  await expectRefusal('an id of another stream', 'DUPLICATE_EVENT', () => next.append(trial.stream('b'), events[1]!));
}
