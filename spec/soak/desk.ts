import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteEventStore } from 'millrace/sqlite';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { QuakeReported } from '../../demos/shared/earthquakes/events.ts';
import { readQuakes } from '../../demos/shared/earthquakes/quakes.ts';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';
import { DemoRun } from '../support/demo-run.ts';

const PER_SECOND = 10_000;
const SECONDS = 5;
/** Appends a second; each is one transaction. */
const APPENDS = 20;

/** What a browser makes of the desk: how soon it paints, what comes over the wire, and how long its frames are while events pour in. Recorded, not judged: it is the machine's, too. */
export async function desk(): Promise<string> {
  const service = SERVICES.find(({ name }) => name === 'chromium')!;
  const executablePath = await controlService(service).url();
  if (executablePath === undefined) return 'skipped: there is no Chromium';
  const folder = await mkdtemp(join(tmpdir(), 'desk-soak-'));
  const run = new DemoRun('demos/main.ts', 'desk', '--port', '0', '--out', folder, '--speed', '1000000');
  await run.says('The week is over.');
  const url = /^page +(\S+)$/m.exec(run.output)?.[1] ?? '';
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-gpu'] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await visit(context, url);
    await flood(page, folder);
  } finally {
    await browser.close();
    run.kill('SIGKILL');
    await run.exitCode();
    await rm(folder, { recursive: true });
  }
  return 'as above';
}

/** A browser that has never been here, and then a reload. */
async function visit(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  const paths = new Map<string, string>();
  const bytes = new Map<string, number>();
  await network.send('Network.enable');
  network.on('Network.responseReceived', ({ requestId, response }) => {
    paths.set(requestId, new URL(response.url).pathname);
  });
  // With its headers; of a stream that goes on, what has come so far.
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes.set(paths.get(requestId) ?? 'other', encodedDataLength);
  });
  network.on('Network.dataReceived', ({ requestId, dataLength }) => {
    const path = paths.get(requestId) ?? 'other';
    if (path === '/events') bytes.set(path, (bytes.get(path) ?? 0) + dataLength);
  });
  const fresh = await timeToShow(page, 1_707, async () => page.goto(url));
  say(`first visit: ${await paints(page)}; all 1,707 quakes after ${fresh} ms`);
  await sleep(1_500);
  say(`  over the wire: ${[...bytes].map(([path, size]) => `${path} ${kilobytes(size)}`).join(', ')}`);
  bytes.clear();
  const again = await timeToShow(page, 1_707, async () => page.reload());
  await sleep(500);
  say(`reload: ${await paints(page)}; all 1,707 quakes after ${again} ms, out of IndexedDB`);
  say(`  over the wire: ${[...bytes].map(([path, size]) => `${path} ${kilobytes(size)}`).join(', ')}`);
  return page;
}

async function flood(page: Page, folder: string): Promise<void> {
  const quakes = await readQuakes();
  const total = PER_SECOND * SECONDS;
  await using store = await sqliteEventStore({ path: join(folder, 'events.db') });
  await page.evaluate(recordFrames);
  const startedAt = performance.now();
  for (let batch = 0; batch < APPENDS * SECONDS; batch++) {
    const size = PER_SECOND / APPENDS;
    const events = Array.from({ length: size }, (_, at) => {
      const index = batch * size + at;
      const quake = quakes[index % quakes.length]!;
      return { type: QuakeReported.type, id: `flood-${index}`, data: { ...quake, id: `flood-${index}` } };
    });
    await store.append('desk', events);
    await sleep(Math.max(0, startedAt + ((batch + 1) * 1_000) / APPENDS - performance.now()));
  }
  const writtenMs = performance.now() - startedAt;
  const shown = await page.textContent('#quakes');
  const during = await page.evaluate(() => globalThis.deskFrames.splice(0));
  await hasQuakes(page, 1_707 + total);
  const shownMs = performance.now() - startedAt;
  const behind = await page.evaluate(() => globalThis.deskFrames.splice(0));
  const heap = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  say(
    `${total.toLocaleString('en')} quakes written in ${(writtenMs / 1_000).toFixed(1)} s; ${shown} shown then, all after ${(shownMs / 1_000).toFixed(1)} s`,
  );
  say(`  frames while they are written: ${frames(during)}`);
  if (behind.length > 0) say(`  frames after that: ${frames(behind)}`);
  say(`  heap of the page: ${(heap / 1e6).toFixed(0)} MB; ${await page.textContent('#kept')}`);
}

declare global {
  /** Milliseconds from frame to frame. */
  var deskFrames: number[];
}

function recordFrames(): void {
  globalThis.deskFrames = [];
  // A method: what is named otherwise is not defined in the page.
  const recorder = {
    last: performance.now(),
    next(now: number): void {
      globalThis.deskFrames.push(now - this.last);
      this.last = now;
      requestAnimationFrame((later) => this.next(later));
    },
  };
  requestAnimationFrame((now) => recorder.next(now));
}

async function timeToShow(page: Page, quakes: number, open: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await open();
  await hasQuakes(page, quakes);
  return Math.round(performance.now() - startedAt);
}

async function hasQuakes(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector('#quakes')?.textContent === wanted,
    count.toLocaleString('en'),
    { timeout: 120_000 },
  );
}

async function paints(page: Page): Promise<string> {
  const entries = await page.evaluate(() =>
    performance.getEntriesByType('paint').map(({ name, startTime }) => `${name} ${Math.round(startTime)} ms`),
  );
  return entries.join(', ');
}

function frames(durations: readonly number[]): string {
  const sorted = durations.toSorted((one, other) => one - other);
  const at = (share: number): string => `${sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1)} ms`;
  const seconds = durations.reduce((sum, duration) => sum + duration, 0) / 1_000;
  const long = durations.filter((duration) => duration > 50).length;
  return `${(durations.length / seconds).toFixed(0)} a second, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}; ${long} of ${durations.length} above 50 ms`;
}

function kilobytes(size: number): string {
  return `${(size / 1_000).toFixed(1)} kB`;
}

function say(line: string): void {
  console.log(`  ${line}`);
}
