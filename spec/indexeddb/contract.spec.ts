import { eventStoreContract } from 'millrace/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FakeBrowser } from './fake-browser.ts';
import { chromiumPath } from '../support/chromium.ts';
import type { Site } from '../support/serve-files.ts';
import { Chromium } from './page/open-chromium.ts';
import { servePage } from './page/serve-page.ts';

// 10,000 events, by hand: MILLRACE_SCALE=1 npx vitest run spec/indexeddb/contract.spec.ts
const SCALE = Number(process.env['MILLRACE_SCALE'] ?? 0.1);

describe('indexedDbEventStore() in a fake browser', () => {
  let browser: FakeBrowser;

  beforeAll(() => {
    browser = new FakeBrowser();
  });

  afterAll(async () => browser[Symbol.asyncDispose]());

  const cases = eventStoreContract(() => browser.open({ pollMs: 5_000 }), { scale: SCALE });
  for (const { name, skip, run } of cases) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 60_000 }, run);
  }
});

describe.skipIf(chromiumPath === undefined)('indexedDbEventStore() in Chromium', () => {
  let page: Site;
  let browser: Chromium;
  let tab: Page;

  beforeAll(async () => {
    page = await servePage();
    browser = await Chromium.open(page.url);
    tab = await browser.tab();
  }, 60_000);

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await page[Symbol.asyncDispose]();
  });

  const cases = eventStoreContract(() => Promise.reject(new Error('Expected the page to open it.')));
  it.each(cases.map(({ name }) => name))('%s', { timeout: 60_000 }, async (name) => {
    await tab.evaluate(async ([title, scale]) => globalThis.tab.runCase(title, scale), [name, SCALE] as const);
  });
});
