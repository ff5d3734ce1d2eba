import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { openProfile } from '../../support/chromium.ts';
import type { tab as Tab } from './tab.ts';

declare global {
  /** In pages: see tab.ts. */
  var tab: typeof Tab;
}

/** A browser with a profile of its own, whose pages are tabs. */
export class Chromium implements AsyncDisposable {
  readonly #folder: string;
  readonly #url: string;
  #context: BrowserContext;

  static async open(url: string): Promise<Chromium> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-chromium-'));
    return new Chromium(folder, url, await openProfile(folder));
  }

  private constructor(folder: string, url: string, context: BrowserContext) {
    this.#folder = folder;
    this.#url = url;
    this.#context = context;
  }

  /** A new tab, with a store if a database is named. */
  async tab(name?: string): Promise<Page> {
    const page = await this.#context.newPage();
    await this.load(page, name);
    return page;
  }

  /** Loads the page, again if it is there. */
  async load(page: Page, name?: string): Promise<void> {
    await page.goto(this.#url);
    await page.waitForFunction(() => 'tab' in globalThis);
    if (name === undefined) return;
    // It polls once a day: who waits for that fails.
    await page.evaluate(async (database) => globalThis.tab.open({ name: database, pollMs: 86_400_000 }), name);
  }

  /** Deletes all data of the site, as a user can. */
  async clearData(page: Page): Promise<void> {
    const session = await this.#context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: new URL(this.#url).origin, storageTypes: 'indexeddb' });
  }

  /** Ends the browser, and starts it again with the same profile. */
  async restart(): Promise<void> {
    await this.#context.close();
    this.#context = await openProfile(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
