import { readFile } from 'node:fs/promises';
import type { DeadLetter, ProcessorStats } from 'millrace';
import type { Desk } from './desk.ts';
import type { QuakeMessage } from '../shared/earthquakes/events.ts';
import type { NetworkPage } from './handlers/network-pages.ts';
import type { IntakeCounts } from './pipeline/intake.ts';
import { type Sum, type Summary, sumOfLetters, sumUp } from '../shared/sums.ts';
import { counted } from '../shared/text.ts';
import type { AlertEndpoint } from '../shared/earthquakes/alert-endpoint.ts';
import type { FeedServer } from './world/feed-server.ts';

/** What is left when all is over. */
export interface Remains {
  readonly desk: Desk;
  /** Events that were sent on the bus. */
  readonly emitted: number;
  readonly intake: IntakeCounts;
  readonly letters: readonly DeadLetter[];
  readonly endpoint: AlertEndpoint;
  /** None if the feed was a live one. */
  readonly feed: FeedServer | undefined;
}

/** Accounts for every event and every record. The desk's own counts are held against the files and what the servers have counted. */
export async function summarize(remains: Remains): Promise<Summary> {
  const handlers = remains.desk.handlers.map((handler) => handler.stats());
  const sums = [
    ...sumsOfFeed(remains),
    ...sumsOfEvents(remains, handlers),
    ...(await sumsOfFiles(remains)),
    sumOfAlerts(remains, handlers),
    sumOfLetters(handlers, remains.letters, remains.intake.invalid),
  ];
  const { lines, holds } = sumUp(handlers, sums);
  const { endpoint, desk } = remains;
  const last = `The alerts took ${counted(endpoint.requests, 'request')}. The reports are in ${desk.journalFile}`;
  return { lines: [...lines, last], holds };
}

function sumsOfFeed({ feed, intake }: Remains): readonly Sum[] {
  const { seen, repeated, ingested, invalid } = intake;
  const polled = { of: 'records polled', whole: seen, parts: { repeated, new: ingested, invalid } };
  if (feed === undefined) return [polled];
  const { records, editions } = feed.served;
  const broken = [...editions].filter(({ isBroken }) => isBroken).length;
  return [
    polled,
    { of: 'records served', whole: records, parts: { polled: seen } },
    { of: 'different records served', whole: editions.size - broken, parts: { new: ingested } },
    { of: 'records broken on purpose', whole: broken, parts: { invalid } },
  ];
}

function sumsOfEvents({ emitted, intake }: Remains, handlers: readonly ProcessorStats[]): readonly Sum[] {
  const { ingested: reports } = intake;
  const { accepted: alerts } = statsOfAlerts(handlers);
  const copies = handlers.reduce((sum, { accepted }) => sum + accepted, 0);
  return [
    { of: 'events emitted', whole: emitted, parts: { reports, 'alerts to send': alerts } },
    {
      of: 'copies accepted',
      whole: copies,
      parts: { 'of reports, by 4 handlers': 4 * reports, 'of alerts, by 2': 2 * alerts },
    },
  ];
}

async function sumsOfFiles({ desk, intake, letters, feed }: Remains): Promise<readonly Sum[]> {
  const lines = (await readFile(desk.journalFile, 'utf8')).split('\n').slice(0, -1);
  const quakes = new Set(lines.map((line) => (JSON.parse(line) as QuakeMessage).data.id)).size;
  const files = await Promise.all(desk.pages.files.map((file) => readFile(file, 'utf8')));
  const pages = files.map((file) => JSON.parse(file) as NetworkPage);
  const onPages = pages.reduce((sum, page) => sum + page.quakes, 0);
  const unwritten = lettersOf('network-pages', letters).map(({ event }) => (event as QuakeMessage).data.id);
  const missing = new Set(unwritten.filter((id) => !desk.pages.has(id))).size;
  const isWholeWeek = feed !== undefined && intake.clock === feed.end;
  return [
    { of: 'lines in the journal', whole: lines.length, parts: { new: intake.ingested } },
    {
      of: 'quakes in the journal',
      whole: quakes,
      parts: { [`on the pages of ${pages.length} networks`]: onPages, 'in dead letters': missing },
    },
    ...(isWholeWeek ? [{ of: 'quakes of the week', whole: feed.quakes, parts: { 'in the journal': quakes } }] : []),
  ];
}

/** Of an alert that died, the endpoint may have taken an attempt whose answer was lost. */
function sumOfAlerts({ endpoint, letters }: Remains, handlers: readonly ProcessorStats[]): Sum {
  const { handled } = statsOfAlerts(handlers);
  const unanswered = lettersOf('alert', letters).filter(({ event }) => endpoint.taken.has(event.id)).length;
  const parts = { handled, 'in dead letters, as the answer was lost': unanswered };
  return { of: 'alerts taken by the endpoint', whole: endpoint.taken.size, parts };
}

function statsOfAlerts(handlers: readonly ProcessorStats[]): ProcessorStats {
  return handlers.find(({ name }) => name === 'alert')!;
}

function lettersOf(handler: string, letters: readonly DeadLetter[]): readonly DeadLetter[] {
  return letters.filter((letter) => letter.handler === handler);
}
