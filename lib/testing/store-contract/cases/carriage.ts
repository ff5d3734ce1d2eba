import { expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const carriageCases: readonly StoreCase[] = [
  { name: 'gives events back as they were appended', run: carries },
  { name: 'keeps any text, and all that JSON can say', run: keepsAnyJson },
  { name: 'keeps times as they are, before 1970 and within a millisecond, too', run: keepsTimes },
  { name: 'keeps an event of 1 MB', run: keepsLargeEvents },
  { name: 'gives each reader data of its own', run: givesOwnData },
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
  const before = trial.now();
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

const TIMES: readonly number[] = [0, -1, -62_135_596_800_000, 1.5, 253_402_300_800_000, Number.MAX_SAFE_INTEGER];

async function keepsTimes(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  await store.append(
    stream,
    TIMES.map((time) => ({ type: trial.name('timed'), data: null, time })),
  );
  const times = (await trial.collect(store.readStream(stream))).map(({ time }) => time);
  expectSame('the times', times, TIMES);
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
