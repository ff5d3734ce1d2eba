import { expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const carriageCases: readonly StoreCase[] = [
  { name: 'gives events back as they were appended', run: carries },
  { name: 'keeps any text, and all that JSON can say', run: keepsAnyJson },
  { name: 'keeps an event of 1 MB', run: keepsLargeEvents },
  { name: 'gives each reader data of its own', run: givesOwnData },
  { name: 'keeps streams of any name apart', run: keepsStreamsApart },
];

async function carries(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const headers = { correlationId: 'c', causationId: 'd', traceparent: '00-1-2-01', 'own-header': 'ü "\\' };
  const full = {
    id: trial.name('full'),
    type: trial.name('full'),
    time: 1_700_000_000_123,
    data: { a: 1 },
    source: '/s',
    subject: 't',
    headers,
  };
  const before = Date.now();
  await store.append(stream, [full, { type: trial.name('bare'), data: undefined }]);
  const [first, second] = await trial.collect(store.readStream(stream));
  const { position, checkpoint, ...rest } = first ?? {};
  expectSame('the event', rest, { ...full, stream, version: 1 });
  expectSame('the kinds of position and checkpoint', [typeof position, typeof checkpoint], ['number', 'string']);
  const { id, time, position: next, checkpoint: _, ...others } = second ?? {};
  expectSame('an event without more', others, {
    type: trial.name('bare'),
    data: undefined,
    headers: {},
    stream,
    version: 2,
  });
  expectSame('whether an id was made', typeof id === 'string' && id !== '', true);
  // A scheduler of its own may be behind it.
  expectSame('whether a time was set', typeof time === 'number' && (time >= before - 1 || time < 1e12), true);
  expectSame('whether positions ascend', Number(position) < Number(next), true);
}

const DATA: readonly unknown[] = [
  null,
  true,
  '',
  0,
  -1.5,
  1e300,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[], [{}], null],
  'ünïcödé 漢字 🙂👩‍👩‍👧 \u200f \u2028',
  `quotes ' " \` \\ % _ ; -- \n \r \t`,
  '\u0000 and \u0001\u001f\u007f',
  '\ud800 alone',
  { '': 1, ' ': 2, 'ключ "\\': 3, $: 4, '\u0000': 5, constructor: 6, toString: 7 },
  { deep: Array.from({ length: 200 }).reduce<unknown>((inner) => [inner], 'end') },
];

async function keepsAnyJson(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(
    stream,
    DATA.map((data) => ({ type: trial.name('any'), data, headers: { text: textOf(data) } })),
  );
  const events = await trial.collect(store.readStream(stream));
  events.forEach(({ data, headers }, index) => {
    expectSame(`data number ${index + 1}`, data, DATA[index]);
    expectSame(`header number ${index + 1}`, headers['text'], textOf(DATA[index]));
  });
  expectSame('the number of events', events.length, DATA.length);
}

/** Headers are texts. */
function textOf(data: unknown): string {
  return typeof data === 'string' ? data : 'no text';
}

async function keepsLargeEvents(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const text = 'million '.repeat(125_000);
  await store.append(
    stream,
    [1, 2, 3].map((number) => ({ type: trial.name('large'), data: { number, text } })),
  );
  for (const { data } of await trial.collect(store.readStream(stream))) {
    expectSame('whether the text is whole', (data as { readonly text: string }).text === text, true);
  }
}

async function givesOwnData(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const appended = { inner: { count: 1 } };
  await store.append(stream, { type: trial.name('own'), data: appended });
  appended.inner.count = 2;
  for (let read = 0; read < 2; read++) {
    const [event] = await trial.collect(store.readStream(stream));
    const data = event?.data as typeof appended;
    expectSame('data that its writer and another reader have changed', data, { inner: { count: 1 } });
    data.inner.count = 3;
  }
}

async function keepsStreamsApart(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const names = [
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
    'x'.repeat(512 - trial.stream('').length),
  ].map((name) => trial.stream(name));
  for (const [index, stream] of names.entries()) await store.append(stream, trial.events(index + 1));
  for (const [index, stream] of names.entries()) {
    expectSame(`the version of stream number ${index + 1}`, await store.streamVersion(stream), index + 1);
    const events = await trial.collect(store.readStream(stream));
    expectSame('the streams of its events', new Set(events.map((event) => event.stream)), new Set([stream]));
    const [one, all] = [{ streams: stream }, { streams: { prefix: stream } }];
    expectSame('its events among all', (await trial.collect(store.readAll(one))).length, index + 1);
    const beginning = names.filter((name) => name.startsWith(stream)).map((name) => names.indexOf(name) + 1);
    const expected = beginning.reduce((sum, count) => sum + count, 0);
    expectSame('the events of streams that begin so', (await trial.collect(store.readAll(all))).length, expected);
  }
}
