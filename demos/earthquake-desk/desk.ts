import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventSubscription } from 'millrace';
import { type DeskBus, QuakeReported, StrongQuakeSeen, SwarmFound } from '../shared/earthquakes/events.ts';
import { alertRetry, createAlertSender } from '../shared/earthquakes/alert-sender.ts';
import { NetworkPages } from './handlers/network-pages.ts';
import { createStrongQuakeWatch } from '../shared/earthquakes/strong-quakes.ts';
import { SwarmFinder } from '../shared/earthquakes/swarm-finder.ts';
import { Ticker } from './handlers/ticker.ts';
import { type Journal, keepJournal } from './pipeline/journal.ts';

export interface DeskOptions {
  /** Where alerts are posted. */
  readonly alertUrl: URL;
  /** Where files are written. */
  readonly folder: string;
  readonly concurrency: number;
  /** Reports that the journal writes at once. */
  readonly batchSize: number;
}

/** What works on the events of the bus. */
export interface Desk {
  readonly handlers: readonly EventSubscription[];
  readonly journal: Journal;
  readonly journalFile: string;
  readonly pages: NetworkPages;
  readonly ticker: Ticker;
}

/** One poll of the longest feed, a month, must find room: what polls cannot wait for a handler. */
const MONTH = 20_000;

/** Registers all handlers. This is the file to read first. */
export async function openDesk(bus: DeskBus, { alertUrl, folder, concurrency, batchSize }: DeskOptions): Promise<Desk> {
  const journalFile = join(folder, 'quakes.ndjson');
  const pagesFolder = join(folder, 'networks');
  await mkdir(pagesFolder, { recursive: true });
  await writeFile(journalFile, '');

  const journal = keepJournal(bus.subject(QuakeReported), { file: journalFile, batchSize });
  const pages = new NetworkPages(pagesFolder);
  const ticker = new Ticker();

  const handlers = [
    // In order per network, several networks at a time.
    bus.on(QuakeReported, pages, {
      name: 'network-pages',
      key: ({ data }) => data.properties.net,
      concurrency,
      capacity: MONTH,
      retry: { maxAttempts: 3 },
    }),

    // One at a time, in order: the default.
    bus.on(QuakeReported, createStrongQuakeWatch(), { name: 'strong-quakes', capacity: MONTH }),
    bus.on(QuakeReported, new SwarmFinder(), { name: 'swarm-finder', capacity: MONTH }),

    // The world outside is slow, busy, and at times broken. Alerts about one region arrive in order, whatever must be repeated.
    bus.on([StrongQuakeSeen, SwarmFound], createAlertSender(alertUrl), {
      name: 'alert',
      key: ({ data }) => data.region,
      concurrency,
      retry: alertRetry,
      timeoutMs: 600,
      breaker: { failureThreshold: 4, resetAfterMs: 150 },
    }),

    // Too slow for all events, and meant to be: it shows the latest, and drops what it cannot show.
    bus.on('>', ticker, { name: 'ticker', capacity: 1, overflow: 'drop-oldest' }),
  ];

  return { handlers, journal, journalFile, pages, ticker };
}
