import { join } from 'node:path';
import { sqliteEventStore } from 'millrace/sqlite';
import { startAlertEndpoint } from '../shared/earthquakes/alert-endpoint.ts';
import { type Quake, QuakeReported } from '../shared/earthquakes/events.ts';
import { readQuakes } from '../shared/earthquakes/quakes.ts';
import { fetchListener } from '../shared/fetch-listener.ts';
import { openFolder } from '../shared/folder.ts';
import { type LocalServer, serveLocally } from '../shared/local-server.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { textOf } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { UsageError } from '../shared/usage-error.ts';
import { introduce, narrate } from './narrator.ts';
import type { Options } from './options.ts';
import { type Desk, openDesk } from './server/desk.ts';
import { drawCode } from './server/duty-officer.ts';
import { makePage } from './site/page-files.ts';
import { createSite } from './site/site.ts';
import { summarize } from './summary.ts';
import { replayWeek } from './world/week.ts';

const DRAIN_MS = 5_000;

/**
 * Opens the desk, serves its page, replays the week, and goes on serving until it is stopped; then drains, and accounts for everything.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a folder that cannot be written, or a port that is taken
 */
export async function run(options: Options): Promise<number> {
  const { speed, seconds, code = drawCode() } = options;
  const stop = endAfter(seconds, stopSignal());
  const folder = await openFolder('desk', options.out);
  const quakes = await readQuakes();
  await using alertEndpoint = await startAlertEndpoint(options);
  await using store = await sqliteEventStore({ path: join(folder, 'events.db') });
  const say = startTimeline();
  const onError = (error: unknown): void => say(`Error: ${textOf(error)}`);
  const desk = await openDesk({ store, alertUrl: alertEndpoint.url, code, onError });
  const before = desk.log.counts();
  await using site = await openSite(desk, quakes, options);
  introduce({ options, code, pageUrl: site.url, folder });
  narrate({ desk, known: before.get(QuakeReported.type) ?? 0, say });

  const week = replayWeek({ quakes, desk, endpoint: alertEndpoint, speed, say, signal: stop });
  await Promise.race([aborted(stop), theEndOf(week)]);
  say('Stopped: no more quakes. What is pending is finished.');
  await week;
  desk.endpoint.close();
  await desk.bus.drain({ deadlineMs: DRAIN_MS });
  await desk.alerts.projection.drain({ deadlineMs: DRAIN_MS });
  const { lines, holds } = await summarize({ desk, store, quakes, before, alertEndpoint });
  for (const line of lines) console.log(line);
  return holds ? 0 : 1;

  /** The page stays when the week is over. */
  async function theEndOf(replay: Promise<void>): Promise<void> {
    await replay;
    if (!stop.aborted) say('The week is over. The page stays, until Ctrl-C.');
    await aborted(stop);
  }
}

async function openSite(desk: Desk, quakes: readonly Quake[], { port, speed }: Options): Promise<LocalServer> {
  const files = await makePage({
    log: desk.log.id,
    quakes: quakes.length,
    from: quakes[0]!.properties.time,
    until: quakes.at(-1)!.properties.time,
    speed,
  });
  return serve(fetchListener(createSite(files, desk.endpoint)), port);
}

/** A signal that is aborted after so many seconds, or by another one. */
function endAfter(seconds: number, signal: AbortSignal): AbortSignal {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  if (seconds < Infinity) setTimeout(end, seconds * 1_000).unref();
  return ending.signal;
}

/** @throws UsageError for a port that is taken */
async function serve(listener: Parameters<typeof serveLocally>[1], port: number): Promise<LocalServer> {
  try {
    return await serveLocally('/', listener, port);
  } catch (error) {
    throw new UsageError(`Expected --port to be one that is free, got ${port}: ${textOf(error)}`, { cause: error });
  }
}
