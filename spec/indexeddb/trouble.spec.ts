import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { StoreUnavailableError } from 'millrace';
import { indexedDbEventStore } from 'millrace/indexeddb';
import { describe, expect, it, vi } from 'vitest';
import { settled } from '../support/virtual-clock.ts';
import { failWriting, FakeBrowser } from './fake-browser.ts';

const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } });

describe('a platform', () => {
  it('without IndexedDB is named as the reason', async () => {
    const opening = indexedDbEventStore({ name: 'accounts' });
    await expect(opening).rejects.toThrow(StoreUnavailableError);
    await expect(opening).rejects.toThrow('got one without');
  });

  it('that forbids IndexedDB is named as the reason, with what it has said', async () => {
    const indexedDB = new IDBFactory();
    const refusal = new DOMException('The operation is insecure.', 'SecurityError');
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw refusal;
    });
    const opening = indexedDbEventStore({ name: 'accounts', indexedDB, IDBKeyRange });
    await expect(opening).rejects.toThrow(StoreUnavailableError);
    await expect(opening).rejects.toMatchObject({ cause: refusal, message: expect.stringContaining('private window') });
  });
});

describe('a connection that the browser has closed', () => {
  it('is made again', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open();
    await store.append('a', deposited(1));
    browser.loseConnections();
    expect(await store.streamVersion('a')).toBe(1);
    expect((await store.append('a', deposited(2))).checkpoint).toBe('2');
    expect(browser.connections).toBe(1);
  });

  it('is made again once for all that need it, in the middle of what they do', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open();
    await store.append('a', deposited(1));
    const working = [
      store.append('a', deposited(2), { expectedVersion: 1 }),
      store.streamVersion('a'),
      store.documents.put('lease', 'p', '1', 0),
      store.readAll().next(),
    ];
    await settled();
    browser.loseConnections();
    expect(await Promise.all(working)).toMatchObject([{ version: 2 }, expect.any(Number), true, { done: false }]);
    expect(browser.connections).toBe(1);
    expect(await store.head()).toMatchObject({ position: 2 });
  });

  it('leaves subscriptions without a gap', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open({ pollMs: 2_000_000_000 });
    const subscription = store.subscribe();
    await store.append('a', deposited(1));
    await subscription.next();
    const next = subscription.next();
    browser.loseConnections();
    // It does not wait until something is appended, or the poll time is over.
    await vi.waitUntil(() => browser.connections === 1);
    await store.append('a', deposited(2));
    expect(await next).toMatchObject({ value: { position: 2 } });
    await subscription.return?.();
  });

  it('is not made again to a database that was deleted and made anew', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open({ pollMs: 2_000_000_000 });
    await store.append('a', deposited(1));
    const waiting = store.subscribe({ from: 'end' }).next();
    waiting.catch(() => undefined);
    await store.head();
    browser.loseConnections();
    await browser.delete();
    await expect(waiting).rejects.toThrow(StoreUnavailableError);
    await expect(store.append('a', deposited(2))).rejects.toThrow('got one that was deleted with all its events');
    await expect(store.head()).rejects.toThrow(StoreUnavailableError);
  });

  it('is given up with a clear error when it is lost again', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open();
    await store.append('a', deposited(1));
    using _ = failWriting('account.deposited', 'UnknownError');
    const append = store.append('a', deposited(2));
    await expect(append).rejects.toThrow(StoreUnavailableError);
    await expect(append).rejects.toMatchObject({ cause: expect.objectContaining({ name: 'UnknownError' }) });
  });
});

describe('a disk that is full', () => {
  it('is named as the reason, and nothing was written', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open();
    {
      using _ = failWriting('account.deposited', 'QuotaExceededError');
      const append = store.append('a', [deposited(1), deposited(2)]);
      await expect(append).rejects.toThrow(StoreUnavailableError);
      await expect(append).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('got a full disk or a quota that is used up; nothing was written'),
        cause: expect.objectContaining({ name: 'QuotaExceededError' }),
      });
    }
    expect(await store.append('a', deposited(1))).toMatchObject({ version: 1, checkpoint: '1' });
  });

  it('takes no other append of the same turn along', async () => {
    await using browser = new FakeBrowser();
    const store = await browser.open();
    using _ = failWriting('account.large', 'QuotaExceededError');
    const results = await Promise.allSettled([
      store.append('a', deposited(1)),
      store.append('a', { type: 'account.large', data: null }),
      store.append('a', deposited(2)),
    ]);
    expect(results.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.head()).toMatchObject({ position: 2 });
  });
});
