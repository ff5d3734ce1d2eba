import type { Browser, Page } from 'playwright-core';
import type { FileResult } from './file-result.ts';
import type { RunOptions } from './page/run.ts';

/** A page in which spec files run, one after the other, each in a document of its own. */
export class SpecPage {
  readonly #browser: Browser;
  readonly #url: string;
  readonly #options: RunOptions;
  #page: Page | undefined;
  #isRunning = false;

  constructor(browser: Browser, url: string, options: RunOptions) {
    this.#browser = browser;
    this.#url = url;
    this.#options = options;
  }

  /** Runs a spec file, such as `spec/flow/batch.spec.ts`. */
  async run(file: string): Promise<FileResult> {
    // The one before had no time to end: it may use its page for ever.
    if (this.#isRunning) await this.#discard();
    this.#page ??= await this.#browser.newPage();
    this.#isRunning = true;
    await this.#page.goto(this.#url);
    await this.#page.waitForFunction(() => 'runSpec' in globalThis);
    const path = `/${file.replace(/^spec\/(.*)\.ts$/, '$1.js')}`;
    const run = await this.#page.evaluate(async ([url, options]) => globalThis.runSpec(url, options), [
      path,
      this.#options,
    ] as const);
    this.#isRunning = false;
    return run;
  }

  async #discard(): Promise<void> {
    await this.#page?.close();
    this.#page = undefined;
    this.#isRunning = false;
  }
}
