import { createServer } from 'node:http';
import { createEventBus, defineEvent, payload } from 'millrace';
import { serveEvents } from 'millrace/bridge';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchListener } from '../../demos/shared/fetch-listener.ts';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import type { Site } from '../support/serve-files.ts';
import { servePage } from './page/serve-page.ts';
import { listen } from './support/listen.ts';

const Ping = defineEvent('ping', payload<number>());
const Pong = defineEvent('pong', payload<number>());

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);

describe.skipIf(chromiumPath === undefined)('in Chromium', { timeout: 60_000 }, () => {
  let site: Site;
  /** Of another origin: another port. */
  let otherSite: Site;
  const pages: Page[] = [];

  beforeAll(async () => {
    [site, otherSite] = await Promise.all([servePage(), servePage()]);
  }, 60_000);

  afterAll(async () => {
    for (const page of pages) await page.close();
    await site?.[Symbol.asyncDispose]();
    await otherSite?.[Symbol.asyncDispose]();
  });

  /** Tabs of one browser, which see the same channels. */
  async function openTabs(count = 1): Promise<Page[]> {
    const browser = await openChromium();
    const context = await browser.newContext();
    const tabs = await Promise.all(upTo(count).map(async () => context.newPage()));
    for (const tab of tabs) {
      await tab.goto(site.url);
      await tab.waitForFunction(() => 'place' in globalThis);
    }
    pages.push(...tabs);
    return tabs;
  }

  async function openTab(): Promise<Page> {
    const [tab] = await openTabs();
    return tab!;
  }

  const originOf = ({ url }: Site): string => new URL(url).origin;
  const pongsOf = async (tab: Page): Promise<readonly number[]> => tab.evaluate(() => globalThis.place.pongs);

  it('connects a page and its worker, in order, and loses nothing of more than fits at once', async () => {
    const tab = await openTab();
    await tab.evaluate(() => {
      globalThis.place.startWorker();
      globalThis.place.ping(1_000);
    });
    await expect.poll(async () => (await pongsOf(tab)).length).toBe(1_000);
    expect(await pongsOf(tab)).toStrictEqual(upTo(1_000));
    const [stats] = await tab.evaluate(() => globalThis.place.bridges.map((bridge) => bridge.stats()));
    expect(stats).toMatchObject({ state: 'open', gaps: 0, outgoing: { sent: 1_000, waiting: 0, dropped: 0 } });
  });

  it('connects a page and a frame of another origin', async () => {
    const tab = await openTab();
    const frame = `${otherSite.url}?parent=${encodeURIComponent(originOf(site))}`;
    await serveFrames(otherSite, tab);
    await tab.evaluate(
      ([url, origin]) => {
        globalThis.place.openFrame(url, origin);
        globalThis.place.ping(300);
      },
      [frame, originOf(otherSite)] as const,
    );
    await expect.poll(async () => (await pongsOf(tab)).length).toBe(300);
    expect(await pongsOf(tab)).toStrictEqual(upTo(300));
  });

  it('says nothing to a frame that shows another origin than was named, and takes nothing from it', async () => {
    const tab = await openTab();
    await serveFrames(otherSite, tab);
    const frame = `${otherSite.url}?forge&parent=${encodeURIComponent(originOf(site))}`;
    const heard = tab.evaluate(
      () => new Promise((resolve) => addEventListener('message', ({ origin }) => resolve(origin), { once: true })),
    );
    await tab.evaluate(
      ([url, origin]) => {
        globalThis.place.openFrame(url, origin);
        globalThis.place.ping(1);
      },
      [frame, 'https://widget.example'] as const,
    );
    expect(await heard).toBe(originOf(otherSite));
    const [stats] = await tab.evaluate(() => globalThis.place.bridges.map((bridge) => bridge.stats()));
    expect(stats).toMatchObject({ state: 'waiting', received: { taken: 0 }, outgoing: { sent: 0, waiting: 1 } });
    expect(await pongsOf(tab)).toStrictEqual([]);
  });

  it('connects three tabs, each of which has each event once', async () => {
    const tabs = await openTabs(3);
    for (const tab of tabs) await tab.evaluate(() => globalThis.place.join('shop'));
    const [first, second, third] = tabs as [Page, Page, Page];
    await third.evaluate(() => globalThis.place.answer());
    await first.evaluate(() => globalThis.place.ping(100));
    for (const tab of [first, second, third]) {
      await expect.poll(async () => (await pongsOf(tab)).length).toBe(100);
      expect(await pongsOf(tab)).toStrictEqual(upTo(100));
    }
  });

  it('connects a page and a server of another origin that has named it, and goes on when it was cut', async () => {
    const bus = createEventBus({ events: [Ping, Pong] });
    bus.on(Ping, ({ data }) => bus.emit(Pong, data), { name: 'answer' });
    using events = serveEvents(bus, { send: [Pong], receive: [Ping], origins: [originOf(site)] });
    const http = createServer(fetchListener(events.fetch));
    await using server = await listen(http);
    const tab = await openTab();
    await tab.evaluate((url) => globalThis.place.connect(url), server.url);
    await tab.evaluate(() => globalThis.place.ping(200));
    await expect.poll(async () => (await pongsOf(tab)).length).toBe(200);
    http.closeAllConnections();
    for (let number = 201; number <= 300; number++) bus.emit(Pong, number);
    await expect.poll(async () => (await pongsOf(tab)).length).toBe(300);
    expect(await pongsOf(tab)).toStrictEqual(upTo(300));
    expect(await tab.evaluate(() => globalThis.place.server!.stats())).toMatchObject({
      state: 'open',
      opened: 2,
      gaps: 0,
    });
  });

  it('lets no page of another origin hear or say anything that was not named', async () => {
    const bus = createEventBus({ events: [Ping, Pong] });
    using events = serveEvents(bus, { send: [Pong], receive: [Ping] });
    await using server = await listen(createServer(fetchListener(events.fetch)));
    const tab = await openTab();
    await tab.evaluate((url) => {
      globalThis.place.connect(url);
      globalThis.place.ping(1);
    }, server.url);
    await expect.poll(() => events.stats().refused[403] ?? 0).toBeGreaterThan(0);
    bus.emit(Pong, 1);
    expect(await tab.evaluate(() => globalThis.place.server!.stats())).toMatchObject({
      opened: 0,
      received: { taken: 0 },
    });
    expect(events.stats()).toMatchObject({ clients: 0, received: { taken: 0 } });
  });
});

/** The frame's address has a query, which its site does not know. */
async function serveFrames({ url }: Site, tab: Page): Promise<void> {
  await tab.route(`${url}?*`, async (route) => {
    await route.fulfill({ response: await route.fetch({ url }) });
  });
}
