import { expectSame, numbersOf } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const namingCases: readonly StoreCase[] = [
  { name: 'keeps streams of any name apart', run: keepsStreamsApart },
  { name: 'tells events apart by types and ids of any text', run: keepsTypesApart },
  { name: 'keeps documents of any kind and key apart', run: keepsDocumentsApart },
];

/** Names that mean something to a query, or that a database might take for one another. */
const NAMES: readonly string[] = [
  `a'; DROP TABLE events; --`,
  `a" OR "1"="1`,
  'a%',
  'a_',
  'a*',
  'a>',
  'A',
  'a',
  'a ',
  'a\\',
  'a\n',
  '漢字 🙂',
  'é',
  'e\u0301',
  'ß',
  'ss',
  // Where ranges end that are made for prefixes.
  'z',
  'z\ud7ff',
  'z\ue000',
  'z\uffff',
  'z\uffffa',
  'z🙂',
  'z\u{10ffff}',
  'z\u{10ffff}a',
];

async function keepsStreamsApart(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const names = namesFor(trial.stream(''));
  for (const [index, stream] of names.entries()) await store.append(stream, trial.events(index + 1));
  for (const [index, stream] of names.entries()) {
    expectSame(`the version of stream ${shown(stream)}`, await store.streamVersion(stream), index + 1);
    const events = await trial.collect(store.readStream(stream));
    expectSame('the streams of its events', new Set(events.map((event) => event.stream)), new Set([stream]));
    const [one, all] = [{ streams: stream }, { streams: { prefix: stream } }];
    expectSame('its events among all', (await trial.collect(store.readAll(one))).length, index + 1);
    const found = new Set((await trial.collect(store.readAll(all))).map((event) => event.stream));
    const expected = new Set(names.filter((name) => name.startsWith(stream)));
    expectSame(`the streams that begin with ${shown(stream)}`, found, expected);
  }
}

async function keepsTypesApart(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const names = namesFor(trial.name(''));
  await store.append(
    trial.stream(),
    names.map((name, number) => ({ type: name, id: name, data: { number } })),
  );
  for (const [index, name] of names.entries()) {
    const { type, data } = (await store.findEvent(name)) ?? {};
    expectSame(`the event with the id ${shown(name)}`, [type, data], [name, { number: index }]);
    const events = await trial.collect(store.readAll({ types: [name] }));
    expectSame(`the events of the type ${shown(name)}`, numbersOf(events), [index]);
  }
}

async function keepsDocumentsApart(trial: StoreTrial): Promise<void> {
  const { documents } = await trial.open();
  const names = namesFor(trial.name(''));
  const kind = trial.name('kind');
  for (const name of names) {
    await documents.put(kind, name, JSON.stringify(name));
    await documents.put(name, 'key', JSON.stringify(name));
  }
  const keys = (await documents.list(kind)).map(({ key }) => key);
  expectSame('the keys', keys, names);
  for (const name of names) {
    const value = JSON.stringify(name);
    const of = `the document with the key ${shown(name)}`;
    expectSame(of, await documents.get(kind, name), { key: name, value, revision: 1 });
    const all = await documents.list(name);
    expectSame(`the documents of the kind ${shown(name)}`, all, [{ key: 'key', value, revision: 1 }]);
  }
}

/** The names behind what begins those of a run; the last of them as long as names can be. */
function namesFor(beginning: string): readonly string[] {
  return [...NAMES, 'x'.repeat(512 - beginning.length)].map((name) => beginning + name);
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
