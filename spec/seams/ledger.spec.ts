import { describe, expect, it } from 'vitest';
import { outageSeams } from './cases/outages.ts';
import { runSeam } from './describe-seams.ts';
import { Ledger } from './ledger.ts';
import { memoryRig } from './rigs/memory-rig.ts';

/** Books with these entries. */
function booksOf(entries: Partial<Record<'confirmed' | 'dead' | 'handled', readonly number[]>>): Ledger {
  const ledger = new Ledger();
  for (const number of entries.confirmed ?? []) ledger.confirmed.add(number);
  for (const number of entries.dead ?? []) ledger.dead.add(number);
  for (const number of entries.handled ?? []) ledger.handle(number);
  return ledger;
}

describe('the books of a seam', () => {
  it('count what was confirmed, handled, dead and repeated, and what was given up and arrived all the same', () => {
    const ledger = booksOf({ confirmed: [1, 2, 3], handled: [1, 2, 2, 2, 4], dead: [3] });
    ledger.unknown.add(4);
    expect(ledger.report(['1', '2', '2', '3', '4'])).toEqual({
      confirmed: 3,
      handled: 2,
      dead: 1,
      repeats: 2,
      unknown: 1,
      outside: 4,
    });
  });

  it.each([
    {
      what: 'is lost',
      entries: { confirmed: [1, 2], handled: [1] },
      outside: ['1', '2'],
      said: 'got neither of 1 (2)',
    },
    {
      what: 'the server does not have',
      entries: { confirmed: [1, 2], handled: [1, 2] },
      outside: ['1'],
      said: 'got none of 1 (2)',
    },
    {
      what: 'is handled and dead',
      entries: { confirmed: [1], handled: [1], dead: [1] },
      outside: ['1'],
      said: 'got 1 (1)',
    },
    { what: 'nobody has published', entries: { handled: [9] }, outside: [], said: 'got 1 (9), too' },
  ])('find what $what', ({ entries, outside, said }) => {
    expect(() => booksOf(entries).report(outside)).toThrow(said);
  });

  it('find what a server loses when it is killed', { timeout: 60_000 }, async () => {
    await using rig = await memoryRig('everything');
    const [killed] = outageSeams;
    // It is never handled, so that the time of the seam passes.
    await expect(runSeam(rig, killed!, 0.02, 2_000)).rejects.toThrow(/within the time of a seam|Expected/u);
  });
});
