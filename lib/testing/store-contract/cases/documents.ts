import type { DeadLetter } from '../../../core/dead-letter.ts';
import { stampMessage } from '../../../core/message.ts';
import type { EventStore } from '../../../sourcing/event-store.ts';
import { expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const documentCases: readonly StoreCase[] = [
  { name: 'keeps documents by kind and key, each with its revision', run: keepsDocuments },
  { name: 'lets one of 8 writers put over a revision', run: letsOneWriterWin },
  { name: 'lists documents in the order in which they were put first', run: listsInOrder },
  { name: 'keeps dead letters, the oldest first, with whatever was in flight', run: keepsLetters },
];

async function keepsDocuments(trial: StoreTrial): Promise<void> {
  const { documents } = await trial.open();
  const [kind, other] = [trial.name('kind'), trial.name('other')];
  expectSame('a document that is none', await documents.get(kind, 'a'), undefined);
  expectSame('whether a first put over revision 1 is done', await documents.put(kind, 'a', '1', 1), false);
  expectSame('whether a first put is done', await documents.put(kind, 'a', '1', 0), true);
  expectSame('whether a second first put is done', await documents.put(kind, 'a', '2', 0), false);
  expectSame('the document', await documents.get(kind, 'a'), { key: 'a', value: '1', revision: 1 });
  const text = `"ünïcödé 🙂 ' \\" \\u0000 ${'x'.repeat(100_000)}"`;
  expectSame('whether a put over its revision is done', await documents.put(kind, 'a', text, 1), true);
  expectSame('whether a put over an old revision is done', await documents.put(kind, 'a', '3', 1), false);
  expectSame('whether any put is done', await documents.put(kind, 'a', text), true);
  const last = await documents.get(kind, 'a');
  expectSame('whether its text is whole', last?.value === text, true);
  expectSame('its revision after 3 puts', last?.revision, 3);
  await documents.put(other, 'a', '4');
  expectSame('the same key of another kind', await documents.get(other, 'a'), { key: 'a', value: '4', revision: 1 });
  await documents.remove(kind, 'a');
  await documents.remove(kind, 'unknown');
  expectSame('a removed document', await documents.get(kind, 'a'), undefined);
  expectSame('the other kind', (await documents.list(other)).length, 1);
}

async function letsOneWriterWin(trial: StoreTrial): Promise<void> {
  const stores = await Promise.all(Array.from({ length: 8 }, () => trial.open()));
  const kind = trial.name('counter');
  const rounds = trial.count(10);
  const count = async ({ documents }: EventStore): Promise<void> => {
    for (let round = 0; round < rounds;) {
      const { value, revision } = (await documents.get(kind, 'a')) ?? { value: '0', revision: 0 };
      if (await documents.put(kind, 'a', String(Number(value) + 1), revision)) round++;
      await trial.breathe('every writer to have put its documents');
    }
  };
  await Promise.all(stores.map(count));
  const counted = String(rounds * 8);
  const document = await stores[0]!.documents.get(kind, 'a');
  expectSame('what 8 writers have counted', document, { key: 'a', value: counted, revision: rounds * 8 });
}

async function listsInOrder(trial: StoreTrial): Promise<void> {
  const { documents } = await trial.open();
  const kind = trial.name('list');
  for (const key of ['c', 'a', 'd', 'b']) await documents.put(kind, key, `"${key}"`);
  await documents.put(kind, 'a', '"again"');
  await documents.remove(kind, 'd');
  await documents.put(kind, 'd', '"new"');
  const keys = (await documents.list(kind)).map(({ key }) => key);
  expectSame('the keys', keys, ['c', 'a', 'b', 'd']);
  expectSame('an unknown kind', await documents.list(trial.name('none')), []);
}

async function keepsLetters(trial: StoreTrial): Promise<void> {
  const store = await trial.open();
  const [letters, others] = [store.deadLetters(trial.name('queue')), store.deadLetters(trial.name('others'))];
  const data = { at: new Date(5), map: new Map([[1, new Set([2n])]]), none: undefined, list: [Number.NaN, 1] };
  const error = Object.assign(new TypeError('failed', { cause: new Error('deeper') }), { code: 'E_FAILED' });
  const letter = (id: string): DeadLetter => ({
    id,
    event: stampMessage('ordered', data, 1, () => `event-${id}`, '/s', { subject: 'x', headers: { a: 'b' } }),
    handler: 'ship',
    reason: 'exhausted',
    error,
    attempts: [{ attempt: 1, startedAt: 1, endedAt: 2, error }],
    time: 3,
    redriven: 0,
  });
  await others.add(letter('z'));
  for (const id of ['b', 'a', 'c']) await letters.add(letter(id));
  await letters.add({ ...letter('a'), redriven: 2 });
  await letters.remove('c');
  await letters.remove('unknown');
  const kept = await letters.list();
  expectSame(
    'the letters',
    kept.map(({ id, redriven }) => [id, redriven]),
    [
      ['b', 0],
      ['a', 2],
    ],
  );
  const [first] = kept;
  expectSame('the event', first?.event.toJSON(), letter('b').event.toJSON());
  const { name, message, code, cause } = (first?.error ?? {}) as TypeError & { readonly code?: unknown };
  const { message: deeper } = (cause ?? {}) as Error;
  expectSame('the error', [name, message, code, deeper], ['TypeError', 'failed', 'E_FAILED', 'deeper']);
  expectSame(
    'the rest',
    [first?.handler, first?.reason, first?.attempts.length, first?.time],
    ['ship', 'exhausted', 1, 3],
  );
  expectSame(
    'the other queue',
    (await others.list()).map(({ id }) => id),
    ['z'],
  );
}
