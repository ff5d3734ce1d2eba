import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteEventStore } from 'millrace/sqlite';
import type { BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readOptions } from '../../demos/desk/options.ts';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { contrasts } from './desk/contrast.ts';
import { DeskPage } from './desk/desk-page.ts';
import { CODE, type DeskRun, startDesk } from './desk/desk-run.ts';
import { takePictures } from './desk/pictures.ts';

/** Text that would do harm as markup. */
const SCRIPT = `<img src="x" onerror="document.title = 'owned'"><script>document.title = 'owned'</script>`;

describe.skipIf(chromiumPath === undefined)('the desk in a browser', { timeout: 120_000 }, () => {
  let folder: string;
  /** A desk whose week is over. */
  let quiet: DeskRun;
  const runs: DeskRun[] = [];
  /** Somebody's browser, who visits it again and again. */
  let home: BrowserContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'desk-spec-'));
    quiet = await start('quiet', '--speed', '1000000');
    home = await newContext();
  }, 60_000);

  afterEach(async () => {
    for (const page of home.pages()) await page.close();
  });

  afterAll(async () => {
    for (const { run } of runs) run.kill('SIGKILL');
    await Promise.all(runs.map(async ({ run }) => run.exitCode()));
    await rm(folder, { recursive: true });
  });

  it('shows each quake once after two reloads, a connection that is cut, and a restart of the server, in two tabs that agree', async () => {
    await using proxy = await TcpProxy.open();
    // Slow enough for the pages to be far ahead of its end, on a machine that has much else to do, too.
    const first = await start('week', '--speed', '25000');
    proxy.aim(first.port);
    const url = proxy.through(first.url);
    const context = await newContext();
    const one = await DeskPage.open(context, url);
    await one.shows('#link', 'Live');
    const other = await DeskPage.open(context, url);
    await other.shows('#link', 'by another tab');

    await one.hasQuakes(200);
    // The other tab takes the connection over, and the first one finds it taken.
    await one.page.reload();
    await one.shows('#kept', 'Another tab holds the connection');
    expect(await other.text('#kept')).toContain('This tab holds the connection');

    await other.hasQuakes(500);
    proxy.shut();
    await one.shows('#link', 'Lost');
    await other.shows('#link', 'Lost');
    proxy.restore();
    await other.shows('#link', 'Live');

    await one.hasQuakes(700);
    expect(await first.stop(), first.run.output).toBe(0);
    expect(first.run.output).toContain('All sums hold.');
    expect(first.run.output).toContain('to come');
    // What is kept is there also while the server is not; the page itself is not.
    await one.shows('#link', 'Lost');
    const second = await start('week', '--speed', '400000', '--port', String(first.port));
    await other.page.reload();

    for (const tab of [one, other]) {
      await tab.shows('#quakes', '1,707');
      await tab.hasLetters(7);
      await tab.shows('#sent', '83');
    }
    expect(await one.says()).toStrictEqual(await other.says());
    for (const tab of [one, other]) {
      expect(await tab.text('#kept')).toContain('each once');
      expect(await tab.page.locator('.notice').count()).toBe(0);
      expect(await tab.text('#strongest')).toBe('M 6.4');
      expect(tab.troubles).toStrictEqual([]);
    }
    expect(await second.stop(), second.run.output).toBe(0);
    expect(second.run.output).toContain('All sums hold.');
    expect(second.run.sum('quakes of the week')).toBe(1_707);
    expect(second.run.output).toContain('0 gaps');
    // It went on behind what the log had: what happens once in the week has happened in one of the two.
    expect((first.run.output + second.run.output).match(/The alert endpoint breaks/g)).toHaveLength(1);
    await context.close();
  });

  it('shows what is chosen in one tab in the other, and goes on when the tab is closed that holds the connection', async () => {
    const one = await openQuiet();
    const other = await openQuiet();
    await one.page.click('#latest li:nth-child(3)');
    await other.shows('#chosen-title', await one.text('#chosen-title'));
    expect(await other.page.getAttribute('#latest li:nth-child(3)', 'aria-selected')).toBe('true');
    expect(await other.text('#kept')).toContain('Another tab');
    const request = other.page.waitForRequest((asked) => asked.url().endsWith('/events') && asked.method() === 'GET');
    await one.page.close();
    // It goes on where the other one was, behind all events of the week.
    expect(await (await request).headerValue('last-event-id')).toMatch(/^19\d\d\//);
    await other.shows('#kept', 'This tab holds the connection');
    await other.shows('#link', 'Live');
    expect(await other.text('#quakes')).toBe('1,707');
  });

  it('redrives a dead letter only if the server allows it for that request, and shows when it does not', async () => {
    const desk = await openQuiet();
    await desk.hasLetters(7);
    const redrive = async (): Promise<void> => desk.page.locator('#letters > li').first().getByRole('button').click();

    await redrive();
    await desk.shows('#letters > li .refused', 'Refused by the server');
    await desk.page.fill('#code', 'a-guess');
    await desk.page.click('#sign-in');
    expect(await desk.page.locator('.refused').count()).toBe(0);
    await redrive();
    await desk.shows('#letters > li .refused', 'Refused by the server');
    expect(await desk.page.locator('#letters > li').count()).toBe(7);

    await desk.page.click('#sign-in');
    await desk.page.fill('#code', CODE);
    await desk.page.click('#sign-in');
    const title = await desk.text('#letters > li strong');
    await redrive();
    await desk.hasLetters(6);
    const alert = desk.page.locator('#alerts > li', { hasText: title });
    await alert.getByText('✓ sent').waitFor();
    expect(await alert.textContent()).toContain('✕ HTTP 500400 ms →✕ HTTP 500dead letterredriven →');
    expect(await desk.text('#sent')).toBe('84');

    // What has one code is no better with another one: each request is asked about.
    const status = await desk.page.evaluate(async () => {
      const event = { specversion: '1.0', id: 'x', type: 'redrive.requested', source: 'x', data: { letter: 'x' } };
      const headers = { 'content-type': 'application/cloudevents+json' };
      const response = await fetch('/events', { method: 'POST', headers, body: JSON.stringify(event) });
      return [response.status, await response.text()] as const;
    });
    expect(status).toStrictEqual([403, expect.stringContaining('"outcome":"forbidden"')]);
    expect(desk.troubles).toStrictEqual([]);
  });

  it('can be used by the keyboard alone, and says where one is', async () => {
    const desk = await openQuiet();
    await desk.hasLetters(6);
    await desk.press('Tab', 'Enter');
    expect(await focused(desk)).toMatchObject({ id: 'latest', outline: 'solid' });
    await desk.press('ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp');
    expect(await desk.page.getAttribute('#latest', 'aria-activedescendant')).toBe('quake-1');
    const place = await desk.text('#quake-1 .place');
    expect(await desk.text('#chosen-title')).toContain(place);
    await desk.press('End');
    expect(await desk.page.getAttribute('#latest', 'aria-activedescendant')).toBe('quake-79');
    await desk.press('Escape');
    expect(await desk.page.isVisible('#chosen')).toBe(false);

    await desk.tabTo('#code');
    expect(await focused(desk)).toMatchObject({ outline: 'solid' });
    await desk.page.keyboard.type(CODE);
    await desk.press('Enter');
    await desk.tabTo('#letters button');
    expect(await focused(desk)).toMatchObject({ outline: 'solid' });
    await desk.press('Space');
    await desk.hasLetters(5);
    // Whoever has pressed the button goes on with the next letter.
    expect(await desk.page.evaluate(() => document.activeElement?.closest('#letters > li') !== null)).toBe(true);
    await desk.press('Enter');
    await desk.hasLetters(4);

    await desk.page.reload();
    await desk.tabTo('#least input');
    await desk.press('ArrowRight', 'ArrowRight');
    await desk.page.locator('#latest li').nth(79).waitFor({ state: 'attached' });
    const levels = await desk.page.$$eval('#latest li', (rows) => rows.map((row) => row.dataset['class']));
    expect(new Set(levels)).toStrictEqual(new Set(['2', '3']));
  });

  it('says that events are missing, until somebody has read it, and shows each event once all the same', async () => {
    const desk = await openQuiet();
    // As after the server was given an older copy of its log: it does not know the place.
    await home.route('**/events', async (route) => {
      const headers = { ...route.request().headers(), 'last-event-id': '999999/999999' };
      await route.continue({ headers });
    });
    await desk.page.reload();
    await desk.shows('.notice', 'the server does not know the place where this browser had stopped');
    // It was sent all of them again.
    await desk.page.waitForFunction(() => /1,9\d\d came again and were known/.test(document.body.textContent ?? ''));
    await home.unroute('**/events');
    await desk.page.reload();
    await desk.shows('.notice', 'Events may be missing here');
    await desk.page.click('text=Dismiss');
    await desk.page.locator('.notice').waitFor({ state: 'detached' });
    await desk.page.reload();
    await desk.shows('#quakes', '1,707');
    expect(await desk.page.locator('.notice').count()).toBe(0);
    expect(await desk.text('#kept')).toContain('each once');
  });

  it('forgets what it keeps when it is told to, in all tabs, and reads it anew', async () => {
    const one = await openQuiet();
    const other = await openQuiet();
    const isLoaded = other.page.waitForEvent('load');
    await one.page.click('#forget');
    await isLoaded;
    for (const tab of [one, other]) await tab.shows('#quakes', '1,707');
    expect(await one.text('#kept')).toContain('0 came again');
  });

  it.each(['light', 'dark'] as const)(
    'has room on a screen of 360 pixels, and contrast enough, when it is %s',
    async (colorScheme) => {
      const desk = await openQuiet();
      await desk.page.emulateMedia({ colorScheme });
      await desk.page.setViewportSize({ width: 360, height: 740 });
      await desk.page.click('#latest li:nth-child(2)');
      const width = await desk.page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBe(360);
      const low = (await contrasts(desk.page)).filter(({ ratio, least }) => ratio < least);
      expect(low).toStrictEqual([]);
    },
  );

  it('is served with a policy that lets no script in but its own, and on this machine only', async () => {
    const { headers } = await fetch(quiet.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(policy).not.toContain('unsafe');
    // As a foreign page would call it that has itself served from here.
    const [response] = (await once(get(quiet.url, { headers: { host: 'rebound.example' } }), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  it('shows what is in an event as text, says it aloud, and moves nothing for who wants no motion', async () => {
    const desk = await openQuiet();
    await desk.page.emulateMedia({ reducedMotion: 'reduce' });
    const place = `9km N of ${SCRIPT}, Nowhere`;
    await using store = await sqliteEventStore({ path: join(folder, 'quiet', 'events.db') });
    const properties = { mag: 7.7, place, time: 1_517_966_773_841, updated: 1, net: 'us', type: SCRIPT };
    const geometry = { coordinates: [179, -20, 10] };
    const strong = { magnitude: 7.7, place, region: 'Nowhere', time: properties.time };
    await store.append('desk', [
      { id: 'evil', type: 'quake.reported', data: { id: 'evil', properties, geometry } },
      { id: 'strong-evil', type: 'quake.strong', data: strong },
    ]);
    await desk.shows('#strongest-place', SCRIPT);
    expect(await desk.page.evaluate(hasWaves)).toBe(false);
    await desk.shows('#alerts', SCRIPT);
    await desk.shows('#announcements', SCRIPT);
    await desk.page.click('#latest li:first-child');
    await desk.shows('#chosen-text', SCRIPT);
    expect(await desk.page.locator('main img, main script').count()).toBe(0);
    expect(await desk.page.title()).toBe('The earthquake desk');
    expect(await desk.page.getAttribute('#alerts > li', 'class')).toBe('fresh');
    expect(await desk.page.evaluate(() => document.getAnimations().length)).toBe(0);
    expect(desk.troubles).toStrictEqual([]);
  });

  it('says that it cannot read an event, and shows the others', async () => {
    const desk = await openQuiet();
    const sent = Number(await desk.text('#sent'));
    await using store = await sqliteEventStore({ path: join(folder, 'quiet', 'events.db') });
    await store.append('desk', { id: 'broken', type: 'quake.reported', data: { id: 'broken' } });
    await desk.shows('.notice', '1 event may be missing here: this browser could not read it, or not keep it.');
    await store.append('desk', { id: 'sent-later', type: 'alert.sent', data: { alert: 'one', attempts: 1 } });
    await desk.shows('#sent', String(sent + 1));
  });

  it.runIf(process.env['MILLRACE_PICTURES'] !== undefined)('has its picture taken', async () => {
    const fast = await start('pictured', '--speed', '1000000');
    await fast.run.says('The week is over.');
    await fast.stop();
    // As it is when nobody says how fast.
    const { url } = await start('pictured');
    await takePictures(url, await openChromium());
  });

  it('says which port is taken', async () => {
    const taken = start('taken', '--port', String(quiet.port));
    await expect(taken).rejects.toThrow(`Expected --port to be one that is free, got ${quiet.port}`);
  });

  async function start(name: string, ...args: readonly string[]): Promise<DeskRun> {
    const desk = await startDesk(join(folder, name), ...args);
    runs.push(desk);
    return desk;
  }

  async function newContext(): Promise<BrowserContext> {
    const browser = await openChromium();
    return browser.newContext({ viewport: { width: 1280, height: 900 } });
  }

  /** The page of the desk whose week is over. */
  async function openQuiet(): Promise<DeskPage> {
    await quiet.run.says('The week is over.');
    const desk = await DeskPage.open(home, quiet.url);
    await desk.hasQuakes(1_707);
    await desk.shows('#link', 'Live');
    // Its lists, too.
    await desk.page.locator('#latest li').nth(79).waitFor({ state: 'attached' });
    return desk;
  }
});

describe('the options of the desk', () => {
  it.each([
    [['--port', '70000'], 'Expected --port to be a port from 0 to 65535'],
    [['--speed', '0'], 'Expected --speed to be a number > 0'],
    [['--seed', '1.5'], 'Expected --seed to be an integer'],
    [['--seconds', '0'], 'Expected --seconds to be a number > 0'],
    [['--code', 'ä'], 'Expected --code to be 4 to 64 letters and digits'],
    [['--page', 'x'], "Unknown option '--page'"],
  ])('refuse %j', (args, text) => {
    expect(() => readOptions(args)).toThrow(text);
  });
});

/** Whether something is drawn around quakes, two frames from now. */
async function hasWaves(): Promise<boolean> {
  for (let frame = 0; frame < 2; frame++) {
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
    });
  }
  const canvas = document.querySelector<HTMLCanvasElement>('#rings')!;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}

async function focused({ page }: DeskPage): Promise<{ readonly id: string; readonly outline: string }> {
  return page.evaluate(() => {
    const element = document.activeElement!;
    return { id: element.id, outline: getComputedStyle(element).outlineStyle };
  });
}
