import type { DeadLetter, ProcessorStats } from 'millrace';
import { sumOfLetters, sumUp, type Summary } from '../shared/sums.ts';
import type { Page } from './page.ts';
import type { Search } from './search.ts';
import type { Quakes } from './world/quakes.ts';
import type { Fate, SearchServer } from './world/search-server.ts';

/** What is left when all is over. */
export interface Remains {
  /** Keys of the file. */
  readonly keystrokes: number;
  /** What came of them. */
  readonly typed: { readonly keys: number; readonly text: string };
  /** Events that were sent on the bus. */
  readonly emitted: number;
  readonly search: Search;
  readonly page: Page;
  readonly server: SearchServer;
  readonly quakes: Quakes;
  readonly handlers: readonly ProcessorStats[];
  readonly letters: readonly DeadLetter[];
}

/**
 * Accounts for every search: what the page counts is held against what the engine and the server have counted.
 *
 * A search that is superseded can end at the server in three ways. As a rule, the server sees the connection close and stops. Or its answer is
 * on its way already, and is not read. Or the request had not left yet, and never will.
 */
export function summarize(remains: Remains): Summary {
  const { keystrokes, typed, emitted, search, page, server, quakes, handlers, letters } = remains;
  const { dead, droppedBy } = handlers.find(({ name }) => name === 'search')!;
  const fates = [...server.fates.values()];
  const [answered, cancelled] = [countOf('answered', fates), countOf('cancelled', fates)];
  const shown = new Set(page.shown);
  // Each search that sent a request and did not get as far as the page.
  const lost = [...search.started].filter(([id, text]) => text !== '' && !shown.has(id)).map(([id]) => id);
  const fatesOfLost = lost.map((id) => server.fates.get(id));
  const answeredTooLate = countOf('answered', fatesOfLost);
  return sumUp(handlers, [
    { of: 'keys of the file', whole: keystrokes, parts: { typed: typed.keys, 'not typed': keystrokes - typed.keys } },
    { of: 'texts to search for', whole: emitted, parts: { 'searches started': search.started.size } },
    {
      of: 'searches started',
      whole: search.started.size,
      parts: { shown: shown.size, 'with an empty input': page.cleared, superseded: droppedBy.superseded, dead },
    },
    {
      of: 'searches not shown',
      whole: droppedBy.superseded + dead,
      parts: {
        'cancelled at the server': countOf('cancelled', fatesOfLost),
        'answered too late': answeredTooLate,
        'aborted before they arrived': countOf(undefined, fatesOfLost),
      },
    },
    { of: 'requests at the server', whole: server.fates.size, parts: { answered, cancelled } },
    { of: 'requests answered', whole: answered, parts: { shown: shown.size, 'answered too late': answeredTooLate } },
    {
      of: 'results shown',
      whole: page.shown.length,
      parts: { 'each of a newer search than the one before': newerThanBefore(page.shown) },
    },
    {
      of: 'last text',
      whole: 1,
      parts: { [`on the page: "${page.text}"`]: page.text === typed.text.trim() ? 1 : 0 },
    },
    {
      of: 'quakes on the page',
      whole: page.findings?.quakes ?? 0,
      parts: { 'of the week': page.text === '' ? 0 : quakes.find(typed.text.trim()).quakes },
    },
    sumOfLetters(handlers, letters),
  ]);
}

function countOf(fate: Fate | undefined, fates: readonly (Fate | undefined)[]): number {
  return fates.filter((other) => other === fate).length;
}

function newerThanBefore(ids: readonly string[]): number {
  return ids.filter((id, index) => index === 0 || Number(id) > Number(ids[index - 1])).length;
}
