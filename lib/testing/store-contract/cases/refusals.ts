import { expectRefusal, expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const refusalCases: readonly StoreCase[] = [
  { name: 'refuses what JSON cannot keep, and says where it is', run: refusesOtherData },
  { name: 'refuses what is no stream, no event and no version', run: refusesBadInput },
  { name: 'refuses at once to read what cannot be', run: refusesBadReads },
  { name: 'refuses documents that not every database would give back', run: refusesBadDocuments },
];

async function refusesOtherData(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const [what, data, path] of [
    ['NaN', { a: [1, Number.NaN] }, ['a', 1]],
    ['a bigint', { a: 1n }, ['a']],
    ['a Date', { a: { b: new Date(0) } }, ['a', 'b']],
    ['a Map', new Map(), []],
    ['undefined in an array', [undefined], [0]],
    ['a function', { a: () => 1 }, ['a']],
    ['a cycle', cycle, ['self']],
  ] as const) {
    const events = [
      { type: trial.name('good'), data: 1 },
      { type: trial.name('bad'), data },
    ];
    const error = await expectRefusal(`data with ${what}`, 'NOT_JSON', () => store.append(trial.stream(), events));
    expectSame(`where ${what} is`, (error as Error & { readonly path?: unknown }).path, path);
  }
  expectSame('the version after refused appends', await store.streamVersion(trial.stream()), 0);
}

async function refusesBadInput(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const event = trial.events(1)[0]!;
  const bad: readonly (readonly [string, () => unknown])[] = [
    ...[-1, 1.5, Number.NaN, Infinity, '1', null].map(
      (expectedVersion) =>
        [
          `expectedVersion ${String(expectedVersion)}`,
          () => store.append(stream, event, { expectedVersion: expectedVersion as number }),
        ] as const,
    ),
    ...['', ' ', 'a\u0000b', '\ud800', 'x'.repeat(513), undefined, 5].map(
      (name) => [`a stream named ${String(name).slice(0, 9)}`, () => store.append(name as string, event)] as const,
    ),
    ...[
      undefined,
      null,
      'text',
      {},
      { type: 5, data: 1 },
      { type: 'a' },
      { type: 'a', data: 1, id: 5 },
      { type: 'a', data: 1, time: Number.NaN },
      { type: 'a', data: 1, source: 5 },
      { type: 'a', data: 1, headers: { b: 5 } },
    ].map((given) => [`the event ${JSON.stringify(given)}`, () => store.append(stream, [given as never])] as const),
    ['no event', () => store.append(stream, [])],
  ];
  for (const [what, attempt] of bad) await expectRefusal(what, 'INVALID_OPTION', attempt);
  expectSame('the version after refused appends', await store.streamVersion(stream), 0);
}

async function refusesBadReads(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const stream = trial.stream();
  const bad: readonly (readonly [string, () => unknown])[] = [
    ['a read from version 0', () => store.readStream(stream, { from: 0 })],
    ['a read from version 1.5', () => store.readStream(stream, { from: 1.5 })],
    ['a read of -1 events', () => store.readStream(stream, { limit: -1 })],
    ['a read sideways', () => store.readStream(stream, { direction: 'sideways' as 'forwards' })],
    ['a read of a stream without a name', () => store.readStream('')],
    ['a read from no place', () => store.readAll({ from: '' })],
    ['types that are no list', () => store.readAll({ types: 'a' as never })],
    ['streams that are none', () => store.subscribe({ streams: [5 as never] })],
    ['a prefix with half of a character', () => store.readAll({ streams: { prefix: '\ud83d' } })],
    ['a stream with NUL', () => store.readAll({ streams: 'a\u0000' })],
    ['a read of all of -1 events', () => store.readAll({ limit: -1 })],
  ];
  for (const [what, attempt] of bad) await expectRefusal(what, 'INVALID_OPTION', attempt);
  await store.append(stream, trial.events(1));
  await expectRefusal('a checkpoint that is none', 'INVALID_OPTION', () =>
    trial.collect(store.readAll({ from: 'no checkpoint' })),
  );
}

async function refusesBadDocuments(trial: StoreTrial): Promise<void> {
  const { documents } = await trial.open();
  const kind = trial.name('kind');
  const bad: readonly (readonly [string, () => unknown])[] = [
    ['a kind without a name', () => documents.get('', 'a')],
    ['a key with NUL', () => documents.put(kind, 'a\u0000', '1')],
    ['a key of 513 characters', () => documents.put(kind, 'x'.repeat(513), '1')],
    ['a value that is no text', () => documents.put(kind, 'a', 5 as never)],
    ['a value with NUL', () => documents.put(kind, 'a', '"\u0000"')],
    ['a value with half of a character', () => documents.put(kind, 'a', '"\ud83d"')],
    ['a revision of -1', () => documents.put(kind, 'a', '1', -1)],
    ['a revision of 1.5', () => documents.put(kind, 'a', '1', 1.5)],
  ];
  for (const [what, attempt] of bad) await expectRefusal(what, 'INVALID_OPTION', attempt);
  expectSame('the documents after refused puts', await documents.list(kind), []);
}
