import { inOneLine } from '../../core/one-line.ts';
import { type Caption, type Cell, TimeAxis } from './time-axis.ts';
import type { Bar, Mark, Stretch, TimelineModel } from './timeline-model.ts';

/** How a timeline is drawn. */
export interface RenderOptions {
  /** Milliseconds that a column stands for. */
  readonly msPerColumn: number;
}

/** What is drawn of the marks of one moment, and what goes on after it. */
interface DrawnCell extends Cell {
  readonly after: Stretch;
}

interface DrawnBar {
  readonly cells: readonly DrawnCell[];
  readonly isPending: boolean;
}

/** Draws a timeline: a scale of times, and below it a row or more for each lane. */
export function renderTimeline({ endMs, lanes }: TimelineModel, { msPerColumn }: RenderOptions): string {
  if (lanes.length === 0) return '(nothing happened)';
  const stepOf = (atMs: number): number => Math.floor(atMs / msPerColumn);
  const drawn = lanes.map((lane) => ({
    name: inOneLine(lane.name),
    bars: lane.bars.map((bar) => drawnBar(bar, stepOf)),
  }));
  const bars = drawn.flatMap((lane) => lane.bars);
  const axis = new TimeAxis(
    bars.map(({ cells }) => cells),
    stepOf(endMs),
    msPerColumn,
  );
  const nameSize = drawn.reduce((most, { name }) => Math.max(most, name.length), 2);
  const titled = (name: string, row: string): string => `${name.padEnd(nameSize)}  ${row}`.trimEnd();
  return [
    titled('ms', scaleRow(axis)),
    ...drawn.flatMap((lane) =>
      laneRows(lane.bars, axis).map((row, index) => titled(index === 0 ? lane.name : '', row)),
    ),
  ].join('\n');
}

/** Bars that overlap have rows of their own; each takes the first row that is free. */
function laneRows(bars: readonly DrawnBar[], axis: TimeAxis): readonly string[] {
  const rows: { text: Row; end: number }[] = [];
  for (const bar of bars) {
    const start = axis.columnOf(bar.cells[0]!.step);
    let row = rows.find(({ end }) => end <= start);
    if (row === undefined) rows.push((row = { text: new Row(), end: 0 }));
    row.end = drawBar(bar, row.text, axis);
  }
  return rows.map(({ text }) => text.toString());
}

/** @returns the column behind it */
function drawBar({ cells, isPending }: DrawnBar, row: Row, axis: TimeAxis): number {
  let end = 0;
  for (const [index, { step, text, after }] of cells.entries()) {
    const next = cells[index + 1];
    const column = axis.columnOf(step);
    row.put(column, text);
    end = column + text.length;
    if (after === ' ') continue;
    const until = next === undefined ? axis.width : axis.columnOf(next.step);
    row.put(end, after.repeat(until - end));
    for (const gap of axis.gaps) if (gap.column >= end && gap.column < until) row.put(gap.column, gap.text);
    end = until;
  }
  if (isPending) row.put(end, '>');
  return end;
}

function scaleRow({ turns, ticks }: TimeAxis): string {
  const row = new Row();
  for (const caption of turns) if (row.isFree(caption)) row.put(caption.column, caption.text);
  for (const caption of ticks) if (row.isFree(caption)) row.put(caption.column, caption.text);
  return row.toString();
}

/** A row of characters. */
class Row {
  private readonly characters: string[] = [];

  put(column: number, text: string): void {
    while (this.characters.length < column) this.characters.push(' ');
    for (let index = 0; index < text.length; index++) this.characters[column + index] = text[index]!;
  }

  /** Whether a text would stand there with a space on either side. */
  isFree({ column, text }: Caption): boolean {
    const taken = this.characters.slice(Math.max(0, column - 1), column + text.length + 1);
    return taken.every((character) => character === ' ');
  }

  toString(): string {
    return this.characters.join('');
  }
}

function drawnBar({ marks, isPending }: Bar, stepOf: (atMs: number) => number): DrawnBar {
  const moments: { step: number; marks: Mark[] }[] = [];
  for (const mark of marks) {
    const step = stepOf(mark.atMs);
    const last = moments.at(-1);
    if (last?.step === step) last.marks.push(mark);
    else moments.push({ step, marks: [mark] });
  }
  const cells = moments.map(({ step, marks: all }) => ({ step, text: groupText(all), after: all.at(-1)!.after }));
  return { cells, isPending };
}

/**
 * One mark stands as it is, several in brackets. What goes without saying is left out: of an attempt that starts in the moment in which its event
 * was taken, that it is the first; and of one that alone is in its moment, that it succeeded.
 */
function groupText(marks: readonly Mark[]): string {
  const told = marks.filter(({ text }, index) => text !== '' && !(text === '1' && index === 1));
  const [first, second] = told;
  if (first === undefined) return '';
  const isDoneAtOnce = told.length === 2 && second?.text === '|' && first.after !== '-';
  if (told.length === 1 || isDoneAtOnce) return first.text;
  return `(${told.map(({ text }) => text).join(told.some(({ text }) => text.length > 1) ? ' ' : '')})`;
}
