import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import type { Site } from '../support/serve-files.ts';
import { Chromium } from './page/open-chromium.ts';
import { servePage } from './page/serve-page.ts';

describe.skipIf(chromiumPath === undefined)('in Chromium', { timeout: 60_000 }, () => {
  let page: Site;
  let browser: Chromium;
  let databases = 0;
  const newName = (): string => `accounts-${++databases}`;

  beforeAll(async () => {
    page = await servePage();
    browser = await Chromium.open(page.url);
  }, 60_000);

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await page[Symbol.asyncDispose]();
  });

  it('lets two tabs write and read at once, and misses and repeats nothing', async () => {
    const name = newName();
    const tabs = await Promise.all([browser.tab(name), browser.tab(name)]);
    await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.tab.watch(200))));
    await Promise.all(tabs.map((tab) => tab.evaluate(async () => globalThis.tab.deposit('account-1', 100))));
    const all = Array.from({ length: 200 }, (_, at) => at + 1);
    for (const tab of tabs) {
      const seen = await tab.evaluate(async () => globalThis.tab.seen());
      expect(seen.map(({ position }) => position)).toStrictEqual(all);
    }
    expect(await tabs[0].evaluate(async () => globalThis.tab.store.streamVersion('account-1'))).toBe(200);
  });

  it('wakes the other tabs at once', async () => {
    const name = newName();
    const [writer, reader] = await Promise.all([browser.tab(name), browser.tab(name)]);
    await reader.evaluate(() => globalThis.tab.watch(20));
    await writer.evaluate(async () => globalThis.tab.deposit('account-1', 20));
    const delays = (await reader.evaluate(async () => globalThis.tab.seen())).map(({ delayMs }) => delayMs);
    // A day is how often it polls.
    expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(1_000);
  });

  it('keeps events when the page is loaded again, and when the browser is', async () => {
    const name = newName();
    const tab = await browser.tab(name);
    await tab.evaluate(async () => globalThis.tab.deposit('account-1', 3));
    await browser.load(tab, name);
    expect(await tab.evaluate(async () => globalThis.tab.store.streamVersion('account-1'))).toBe(3);
    await browser.restart();
    const again = await browser.tab(name);
    expect(await again.evaluate(async () => globalThis.tab.store.head())).toMatchObject({ position: 3 });
  });

  it('gives up the locks of a tab that is closed, at once', async () => {
    const name = newName();
    const [holder, next] = await Promise.all([browser.tab(name), browser.tab(name)]);
    await holder.evaluate(async () => globalThis.tab.lock('projection'));
    const waiting = next.evaluate(async () => globalThis.tab.lock('projection'));
    const isFree = await Promise.race([
      waiting.then(() => true),
      holder.evaluate(async () => globalThis.tab.store.head().then(() => false)),
    ]);
    expect(isFree).toBe(false);
    const closedAt = Date.now();
    await holder.close();
    expect((await waiting) - closedAt).toBeLessThan(2_000);
  });

  it('has one holder of a lock, gives it up when told, and when its store closes', async () => {
    const tab = await browser.tab(newName());
    const steps = await tab.evaluate(async () => {
      const { store } = globalThis.tab;
      const log: string[] = [];
      const release = await store.lock!('a');
      const waiting = store.lock!('a').then(async (next) => {
        log.push('second');
        return next;
      });
      await store.lock!('b');
      log.push('other');
      const refused = store.lock!('a', AbortSignal.abort('enough')).catch((error: unknown) => log.push(String(error)));
      await refused;
      log.push('first gives up');
      release();
      release();
      await waiting;
      const behind = store.lock!('a').catch((error: { code: string }) => log.push(error.code));
      await store.close();
      await behind;
      // Nothing holds them now.
      for (const lock of ['a', 'b']) {
        await navigator.locks.request(`millrace:${store.name}:${lock}`, () => log.push(lock));
      }
      return log;
    });
    expect(steps).toStrictEqual(['other', 'enough', 'first gives up', 'second', 'CLOSED', 'a', 'b']);
    await tab.close();
  });

  it('says that the quota is used up, and goes on with what fits', async () => {
    const tab = await browser.tab();
    await tab.evaluate(async (name) => globalThis.tab.openSmall({ name }, 1_000_000), newName());
    await tab.evaluate(async () => globalThis.tab.deposit('account-1', 1));
    const failure = await tab.evaluate(async () => {
      // What can be compressed counts less.
      const data = Array.from({ length: 300_000 }, () => Math.random()).join();
      return globalThis.tab.failure((store) => store.append('large', { type: 'large', data }));
    });
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: 'QuotaExceededError' });
    expect(failure.message).toContain('a quota that is used up; nothing was written');
    await tab.evaluate(async () => globalThis.tab.deposit('account-1', 1));
    expect(await tab.evaluate(async () => globalThis.tab.store.head())).toMatchObject({ position: 2 });
  });

  it('says that the user has deleted the data of the site', async () => {
    const tab = await browser.tab(newName());
    await tab.evaluate(async () => globalThis.tab.deposit('account-1', 1));
    await browser.clearData(tab);
    const failure = await tab.evaluate(async () => globalThis.tab.failure((store) => store.head()));
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(failure.message).toContain('got one that was deleted with all its events');
  });

  it('lets a newer version of the program in another tab have the database', async () => {
    const name = newName();
    const [old, newer] = await Promise.all([browser.tab(name), browser.tab()]);
    const version = await newer.evaluate(
      async (database) =>
        new Promise((resolve, reject) => {
          const request = indexedDB.open(database, 2);
          request.onsuccess = () => resolve(request.result.version);
          request.onblocked = () => reject(new Error('blocked'));
        }),
      name,
    );
    expect(version).toBe(2);
    const failure = await old.evaluate(async () => globalThis.tab.failure((store) => store.head()));
    expect(failure).toMatchObject({ code: 'STORE_FORMAT', message: expect.stringContaining('Reload this page') });
  });
});
