import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import type * as Shop from './apps/shop.ts';
import { StockCounted } from './apps/shop.ts';
import { type AppProject, openAppProject } from './build-apps.ts';
import { openShopServer, type PendingOrder, type ShopServer } from './shop-server.ts';

declare global {
  /** What the app is made of. */
  var shop: typeof Shop;
}

const APPS = [
  { name: 'angular', mode: 'production' },
  { name: 'react', mode: 'production' },
  // Only here StrictMode does what it is for: it mounts everything twice.
  { name: 'react', mode: 'development' },
  { name: 'svelte', mode: 'production' },
  { name: 'vue', mode: 'production' },
] as const;

describe.skipIf(chromiumPath === undefined)('an app that Vite builds', () => {
  let project: AppProject;
  let page: Page;
  let server: ShopServer;

  beforeAll(async () => {
    project = await openAppProject();
  }, 60_000);

  afterAll(async () => project?.[Symbol.asyncDispose]());

  it.each(APPS)('with $name, for $mode, is a shop that works', { timeout: 60_000 }, async ({ name, mode }) => {
    await using opened = await openShopServer(await project.build(name, mode));
    server = opened;
    const browser = await openChromium();
    await using visited = await browser.newPage();
    page = visited;
    const errors = errorsOf(page);
    await page.goto(server.url);

    await expectEventsBetweenComponents();
    await expectRetries();
    await expectRedrive();
    await expectLiveEvents();
    await expectNothingLeftBehind();
    await expectAbandonedOrder();

    expect(errors).toStrictEqual([]);
  });

  async function expectEventsBetweenComponents(): Promise<void> {
    await shows('cart', '0 for 0 €');
    await button('Add tea').click();
    await button('Add cup').click();
    await shows('cart', '2 for 12 €');
  }

  /** A call that has failed is made again, with the same key, and the page says so. */
  async function expectRetries(): Promise<void> {
    await shows('order', 'none');
    await button('Order').click();
    const first = await server.nextOrder();
    expect(first.body).toStrictEqual({ prices: [4, 8] });
    await shows('order', 'sending');
    await shows('cart', '0 for 0 €');
    first.answer(503);
    const second = await server.nextOrder();
    await shows('order', 'retrying');
    expect(second.key).toBe(first.key);
    second.answer(201);
    await shows('order', 'done');
  }

  /** What has failed for good is shown, and goes through when it is redriven. */
  async function expectRedrive(): Promise<void> {
    await button('Add cup').click();
    await button('Order').click();
    const orders: PendingOrder[] = [];
    while (orders.length < 3) {
      const order = await server.nextOrder();
      order.answer(503);
      orders.push(order);
    }
    await shows('order', 'failed');
    expect(await page.getByRole('alert').textContent()).toContain('exhausted after 3 attempts');

    await button('Try again').click();
    const again = await server.nextOrder();
    expect([again.key, again.body]).toStrictEqual([orders[0]!.key, { prices: [8] }]);
    again.answer(201);
    await shows('order', 'done');
    await page.getByRole('alert').waitFor({ state: 'detached' });
  }

  async function expectLiveEvents(): Promise<void> {
    await eventually(() => server.events.stats().clients, 1);
    server.bus.emit(StockCounted, { name: 'tea', left: 3 });
    await button('Add tea, 3 left').waitFor();
    await button('Add cup, many left').waitFor();
  }

  /** Who leaves takes all with them, and who comes back has all of it once. */
  async function expectNothingLeftBehind(): Promise<void> {
    const all = { handlers: ['cart', 'checkout', 'orders', 'stock'], observed: [true, true, true, true, true] };
    await eventually(listeners, all);
    await button('Leave').click();
    await eventually(listeners, { handlers: [], observed: [false, false, false, false, false] });
    await eventually(() => server.events.stats().clients, 0);

    await button('Come back').click();
    await eventually(listeners, all);
    await eventually(() => server.events.stats().clients, 1);
    await button('Add tea').click();
    await shows('cart', '1 for 4 €');
  }

  /** Who leaves while an order is on its way finds its letter when they come back. */
  async function expectAbandonedOrder(): Promise<void> {
    await button('Order').click();
    const first = await server.nextOrder();
    await button('Leave').click();
    await button('Come back').click();
    await shows('order', 'failed');
    expect(await page.getByRole('alert').textContent()).toContain('abandoned');
    await button('Try again').click();
    const again = await server.nextOrder();
    expect(again.key).toBe(first.key);
    again.answer(201);
    await shows('order', 'done');
  }

  async function listeners(): Promise<{ handlers: string[]; observed: boolean[] }> {
    return page.evaluate(() => {
      const { bus, letters, order, prices, stock } = globalThis.shop;
      return {
        handlers: bus.stats().handlers.map(({ name }) => name),
        observed: [bus.deadLetters, letters, order, prices, stock].map(({ observed }) => observed),
      };
    });
  }

  function button(name: string): Locator {
    return page.getByRole('button', { name });
  }

  async function shows(name: string, text: string): Promise<void> {
    await eventually(async () => page.getByRole('status', { name }).textContent(), text);
  }
});

async function eventually<Value>(read: () => Promise<Value> | Value, expected: Value): Promise<void> {
  await expect.poll(read, { timeout: 10_000 }).toStrictEqual(expected);
}

/** What goes wrong in a page, but for orders that are refused: that is what they are for. */
function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    const isOrder = message.location().url.endsWith('/orders');
    if (['error', 'warning'].includes(message.type()) && !isOrder) errors.push(message.text());
  });
  return errors;
}
