import type { ObservableNotification } from 'rxjs';
import type { Moment } from '../virtual/moment.ts';
import type { Letters } from './letters.ts';

/** Longer pauses than this are written as a time. */
const LONGEST_DASHES = 9;

/** What happened in one moment, as it is drawn. */
interface Turn {
  readonly at: number;
  readonly text: string;
}

/**
 * Moments as a marble diagram in RxJS's own syntax, `'a 9ms (b|)'`. A group takes as many milliseconds as it has characters: what came sooner
 * after it cannot be said in that syntax, and is drawn with its time in brackets.
 */
export function marbleText(moments: readonly Moment[], letters: Letters): string {
  let text = '';
  let position = 0;
  for (const { at, text: marbles } of turnsOf(moments, letters)) {
    text += until(at, position, text) + marbles;
    // RxJS counts a letter once, whatever JavaScript needs for it.
    position = at + Array.from(marbles).length;
  }
  return text;
}

/** Two diagrams on one time axis, and the column of a moment in them. */
export interface AlignedMarbles {
  readonly rows: readonly [string, string];
  readonly column: number;
}

/**
 * Draws two diagrams one under the other. Where there is room, each can still be read as a diagram of its own.
 *
 * @param marked - whose column is wanted
 */
export function alignMarbles(
  diagrams: readonly [readonly Moment[], readonly Moment[]],
  letters: Letters,
  marked: number,
): AlignedMarbles {
  const turns = diagrams.map((moments) => new Map(turnsOf(moments, letters).map(({ at, text }) => [at, text])));
  const times = [...new Set(turns.flatMap((byTime) => [...byTime.keys()]))].toSorted((a, b) => a - b);
  const rows: [string, string] = ['', ''];
  let column = 0;
  let position = 0;
  for (const at of times) {
    const between = until(at, position, rows[0]);
    const cells = turns.map((byTime) => byTime.get(at) ?? '');
    const width = Math.max(...cells.map((cell) => cell.length));
    if (at === marked) column = rows[0].length + between.length;
    for (const index of [0, 1] as const) rows[index] += between + cells[index]!.padEnd(width, '-');
    position = at + width;
  }
  return { rows: [trimmed(rows[0]), trimmed(rows[1])], column };
}

function turnsOf(moments: readonly Moment[], letters: Letters): readonly Turn[] {
  const byTime = new Map<number, string[]>();
  for (const { at, notification } of moments) {
    const marbles = byTime.get(at) ?? [];
    marbles.push(marbleOf(notification, letters));
    byTime.set(at, marbles);
  }
  return [...byTime].map(([at, marbles]) => ({
    at,
    text: marbles.length === 1 ? marbles[0]! : `(${marbles.join('')})`,
  }));
}

function marbleOf(notification: ObservableNotification<unknown>, letters: Letters): string {
  if (notification.kind === 'N') return letters.of(notification.value);
  return notification.kind === 'C' ? '|' : '#';
}

/** The pause from one moment to another, or the moment itself where what is drawn has passed it already. */
function until(at: number, position: number, drawn: string): string {
  const durationMs = at - position;
  if (durationMs < 0) return `[${at}ms]`;
  if (durationMs <= LONGEST_DASHES) return '-'.repeat(durationMs);
  const isSeconds = durationMs % 1_000 === 0;
  return `${drawn === '' ? '' : ' '}${isSeconds ? `${durationMs / 1_000}s` : `${durationMs}ms`} `;
}

/** What only fills a row up to the other one's end is not drawn. */
function trimmed(row: string): string {
  return row.replace(/(?:-|(?:^| )\d+m?s |\[\d+ms\])+$/u, '');
}
