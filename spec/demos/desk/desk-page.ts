import type { BrowserContext, Page } from 'playwright-core';

/** Long enough for a machine that has much else to do. */
const PATIENCE = { timeout: 40_000 };

/** A tab with the desk, used as people use it: by clicks, keys, and by what is to be seen. */
export class DeskPage {
  /** What went wrong in it: errors, and what its policy has refused. */
  readonly troubles: string[] = [];
  readonly page: Page;

  static async open(context: BrowserContext, url: string): Promise<DeskPage> {
    const page = await context.newPage();
    const desk = new DeskPage(page);
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
        console.error(`violates ${violatedDirective}`);
      });
    });
    await page.goto(url);
    return desk;
  }

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.troubles.push(String(error)));
    page.on('console', (message) => {
      // A server that is away, or that refuses, is no trouble of the page.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
        this.troubles.push(message.text());
      }
    });
  }

  async text(selector: string): Promise<string> {
    return (await this.page.textContent(selector)) ?? '';
  }

  /** Waits for a text. */
  async shows(selector: string, text: string): Promise<void> {
    await this.page.waitForFunction(
      ([where, what]) => document.querySelector(where)?.textContent?.includes(what) === true,
      [selector, text] as const,
      PATIENCE,
    );
  }

  /** Waits until it has so many quakes at least. */
  async hasQuakes(count: number): Promise<void> {
    await this.page.waitForFunction(
      (least) => Number(document.querySelector('#quakes')?.textContent?.replace(',', '')) >= least,
      count,
      PATIENCE,
    );
  }

  async hasLetters(count: number): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => document.querySelectorAll('#letters > li').length === wanted,
      count,
      PATIENCE,
    );
  }

  /** All that it says of the week. */
  async says(): Promise<readonly string[]> {
    // Its lists are drawn four times a second.
    await this.page.waitForTimeout(600);
    return this.page.evaluate(() =>
      ['.figures', '#bars', '#swarm-list', '#latest', '#letters', '#alerts'].map(
        (selector) => document.querySelector(selector)?.textContent ?? '',
      ),
    );
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Goes on by Tab until this has the focus. */
  async tabTo(selector: string): Promise<void> {
    for (let at = 0; at < 60; at++) {
      await this.press('Tab');
      if (await this.page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    throw new Error(`Expected Tab to come to '${selector}', got nothing like it.`);
  }
}
