import type { DeadLetter, ProcessorStats } from 'millrace';
import { grouped, table } from './text.ts';

/** Something that is counted in two places, or in one whole and in its parts. */
export interface Sum {
  readonly of: string;
  readonly whole: number;
  readonly parts: Readonly<Record<string, number>>;
}

export interface Summary {
  readonly lines: readonly string[];
  /** Whether every sum holds. */
  readonly holds: boolean;
}

/** Counts of a handler, in the order of their sum. */
export const counts = ['accepted', 'redriven', 'handled', 'dead', 'dropped', 'pending'] as const;

/** Accounts for every event: what each handler did with it, and what of it is found around the handlers. */
export function sumUp(handlers: readonly ProcessorStats[], sums: readonly Sum[]): Summary {
  const width = Math.max(...sums.map(({ of }) => of.length));
  const holds = handlers.every(isBalanced) && sums.every(isRight);
  const lines = [
    ...(handlers.length === 0 ? ['', 'What became of everything:', ''] : linesOf(handlers)),
    ...sums.map((sum) => `${isRight(sum) ? '✓' : '✗'} ${sum.of.padEnd(width)}  ${describe(sum)}`),
    '',
    holds ? 'All sums hold.' : 'Sums that do not hold are marked with ✗.',
  ];
  return { lines, holds };
}

/**
 * Every letter that was written is kept, or was redriven.
 *
 * @param invalid - letters of data that did not fit its schema: no handler's
 */
export function sumOfLetters(handlers: readonly ProcessorStats[], letters: readonly DeadLetter[], invalid = 0): Sum {
  const written = handlers.reduce((sum, { dead }) => sum + dead, invalid);
  const redriven = handlers.reduce((sum, stats) => sum + stats.redriven, 0);
  const kept: Record<string, number> = {};
  for (const { reason } of letters) kept[reason] = (kept[reason] ?? 0) + 1;
  return { of: 'dead letters', whole: written, parts: { ...kept, redriven } };
}

function linesOf(handlers: readonly ProcessorStats[]): readonly string[] {
  return [
    '',
    'What became of every event, handler by handler:',
    '',
    ...table(['', 'accepted', '+ redriven', '= handled', '+ dead', '+ dropped', '+ pending', ''], handlers.map(rowOf)),
    '',
    'And of everything around them:',
    '',
  ];
}

function rowOf(stats: ProcessorStats): readonly (number | string)[] {
  return [stats.name, ...counts.map((count) => stats[count]), isBalanced(stats) ? '✓' : '✗'];
}

/** The promise of every handler. */
function isBalanced({ accepted, redriven, handled, dead, dropped, pending }: ProcessorStats): boolean {
  return accepted + redriven === handled + dead + dropped + pending;
}

function isRight({ whole, parts }: Sum): boolean {
  return whole === Object.values(parts).reduce((sum, part) => sum + part, 0);
}

function describe({ whole, parts }: Sum): string {
  const terms = Object.entries(parts);
  const present = terms.filter(([, count]) => count > 0);
  const shown = (present.length === 0 ? terms : present).map(([name, count]) => `${grouped(count)} ${name}`);
  return `${grouped(whole)} = ${shown.join(' + ')}`;
}
