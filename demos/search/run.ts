import { createEventBus } from 'millrace';
import { map, takeUntil, tap } from 'rxjs';
import { readNdjson } from '../shared/ndjson.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { startTimeline } from '../shared/timeline.ts';
import { SearchTyped } from './events.ts';
import { press, searchTexts } from './input.ts';
import { type Keystroke, keystrokeSchema, replay } from './keyboard.ts';
import type { Options } from './options.ts';
import { Page } from './page.ts';
import { Search } from './search.ts';
import { type Remains, summarize } from './summary.ts';
import { Quakes } from './world/quakes.ts';
import { startSearchServer } from './world/search-server.ts';

/** A pause of so long asks for a search. */
const DEBOUNCE_MS = 150;
const DRAIN_MS = 5_000;

const PAGE_COLUMN = ' '.repeat(30);
const SERVER_COLUMN = ' '.repeat(64);

/**
 * Types, searches, drains, and accounts for every search.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a file that is not one of keystrokes
 */
export async function run(options: Options): Promise<number> {
  const keystrokes = await readNdjson(options.file, keystrokeSchema);
  // When it returns, the server is gone: a request that has not arrived now never will.
  const { lines, holds } = summarize(await typeAndSearch(keystrokes, options));
  for (const line of lines) console.log(line);
  return holds ? 0 : 1;
}

async function typeAndSearch(keystrokes: readonly Keystroke[], { speed, seed }: Options): Promise<Remains> {
  const stop = stopSignal();
  const say = startTimeline();
  const ofPage = (line: string): void => say(PAGE_COLUMN + line);
  const ofServer = (line: string): void => say(SERVER_COLUMN + line);
  const quakes = await Quakes.read();
  await using server = await startSearchServer({ quakes, speed, seed, say: ofServer });
  introduce(server.url);

  using bus = createEventBus({ events: [SearchTyped], source: 'search' });
  const page = new Page();
  const search = new Search({ url: server.url, page, say: ofPage });
  bus.on(SearchTyped, search, { name: 'search', strategy: 'switch' });

  const typed = { keys: 0, text: '' };
  const keys = replay(keystrokes, speed).pipe(
    takeUntil(aborted(stop)),
    tap(({ key }) => {
      typed.keys++;
      typed.text = press(typed.text, key);
      say(`${(key === ' ' ? 'Space' : key).padEnd(10)} ${typed.text}▏`);
    }),
  );
  const searches = searchTexts(keys, { debounceMs: DEBOUNCE_MS / speed }).pipe(
    map((text, index) => SearchTyped.create({ text }, { id: String(index + 1) })),
  );
  await searches.forEach((event) => bus.subject(SearchTyped).next(event));
  say(stop.aborted ? 'Stopped: what has been typed is searched for.' : 'All is typed.');
  await bus.drain({ deadlineMs: DRAIN_MS });

  const { handlers, emitted } = bus.stats();
  const letters = await bus.deadLetters.list();
  return { keystrokes: keystrokes.length, typed, emitted, search, page, server, quakes, handlers, letters };
}

function introduce(url: URL): void {
  const lines = [
    'The search: somebody types the names of places, and a page shows where the earth shook.',
    '',
    '  input   a pause, or Enter, asks for a search',
    '  page    starts it; a newer one takes the place of the one in progress, whose request is aborted',
    '  server  takes 50 to 400 ms, and stops when nobody waits for the answer any more',
    '',
    `server  ${url.href}`,
    '',
    `    time  ${'input'.padEnd(PAGE_COLUMN.length)}${'page'.padEnd(SERVER_COLUMN.length - PAGE_COLUMN.length)}server`,
  ];
  for (const line of lines) console.log(line);
}
