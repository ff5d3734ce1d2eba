import { counted, grouped } from '../../shared/text.ts';
import type { ReceivedSpan } from './received-span.ts';
import { TimeAxis } from './time-axis.ts';
import { type Branch, branchesOf } from './trace-tree.ts';

const WIDTH = 100;
const MIN_BAR = 16;

/** Colors a text; without a terminal, it leaves it as it is. */
export type Paint = (color: 'dim' | 'green' | 'red', text: string) => string;

export const plain: Paint = (_, text) => text;

/** Draws a trace as a tree with a time bar, in lines of at most 100 columns. */
export function drawTrace(spans: readonly ReceivedSpan[], paint: Paint = plain): readonly string[] {
  const branches = branchesOf(spans);
  const names = branches.map((branch) => `${branch.stem}${nameOf(branch.span)}`);
  const notes = branches.map(({ span }) => noteOf(span));
  const durations = branches.map(({ span }) => millisecondsOf(span.endMs - span.startMs));
  const widths = {
    kind: widest(['kind', ...branches.map(({ span }) => span.kind)]),
    ms: widest([...durations, 'ms']),
    note: widest(notes),
  };
  // The bar has what is left; of the names, the longest are cut where that is too little.
  const forBoth = WIDTH - widths.kind - widths.ms - widths.note - 4;
  const name = Math.min(widest(['span', ...names]), forBoth - MIN_BAR);
  const bar = forBoth - name;
  const axis = new TimeAxis(
    spans.map((span) => [offeredMs(span), span.endMs]),
    bar,
  );
  const lines = branches.flatMap((branch, index) => {
    const { span } = branch;
    const cells = [
      fit(names[index]!, name),
      paint('dim', span.kind.padEnd(widths.kind)),
      paint(isFailed(span) ? 'red' : 'green', barOf(span, axis, bar)),
      durations[index]!.padStart(widths.ms),
      paint(isFailed(span) ? 'red' : 'dim', notes[index]!),
    ];
    return [cells.join(' ')].concat(errorLines(branch).map((line) => paint('red', line)));
  });
  const heads = ['span'.padEnd(name), 'kind'.padEnd(widths.kind), scaleOf(spans, bar), 'ms'.padStart(widths.ms)];
  return [paint('dim', heads.join(' ')), ...lines, legend, ...axis.cuts.map(cutLine)].map((line) => line.trimEnd());
}

/** Its handler tells it from its siblings, which are of the same event. */
function nameOf({ name, attributes }: ReceivedSpan): string {
  const handler = attributes['messaging.destination.subscription.name'];
  return handler === undefined ? name : `${name} · ${handler}`;
}

function noteOf({ attributes }: ReceivedSpan): string {
  const attempts = attributes['millrace.attempts'];
  const outcome = attributes['millrace.outcome'];
  const words = [
    ...(attributes['millrace.redriven'] === undefined ? [] : ['redriven']),
    ...(typeof attempts === 'number' && attempts > 1 ? [counted(attempts, 'attempt')] : []),
    ...(outcome === undefined || outcome === 'handled' ? [] : [String(outcome)]),
  ];
  return words.join(', ');
}

/** What went wrong, unless its own spans say so already. */
function errorLines({ span, rest, children }: Branch): readonly string[] {
  const { error } = span;
  if (error === undefined || children.some((child) => child.error === error)) return [];
  return [fit(`${rest}✗ ${error.replaceAll(/\s+/g, ' ')}`, WIDTH)];
}

const legend = '█ at work   ░ until the next attempt   · in the waiting room';

/** Full while something is done, light between two attempts, dotted before the first. */
function barOf(span: ReceivedSpan, axis: TimeAxis, width: number): string {
  const cells = Array.from({ length: width }, () => ' ');
  for (const { column } of axis.cuts) cells[column] = '┊';
  fill(cells, axis, [offeredMs(span), span.startMs], '·');
  fill(cells, axis, [span.startMs, span.endMs], '█');
  for (const pause of pausesOf(span)) fill(cells, axis, pause, '░');
  return cells.join('');
}

/** However short work is, it is seen. Anything else takes only the columns that it has to itself. */
function fill(cells: string[], axis: TimeAxis, [fromMs, toMs]: readonly [number, number], mark: '█' | '░' | '·'): void {
  const [from, to] = [axis.columnOf(fromMs), axis.columnOf(toMs)];
  const first = mark === '█' ? Math.min(Math.floor(from), cells.length - 1) : Math.ceil(from);
  const last = mark === '█' ? Math.max(Math.ceil(to), first + 1) : Math.floor(to);
  for (let column = first; column < Math.min(last, cells.length); column++) cells[column] = mark;
}

/** The span of a handling begins with its first attempt: before that, the event was in the waiting room. */
function offeredMs({ startMs, attributes }: ReceivedSpan): number {
  const waited = attributes['millrace.wait.duration'];
  return typeof waited === 'number' ? startMs - 1_000 * waited : startMs;
}

/** From each attempt that failed to the next. */
function pausesOf({ events }: ReceivedSpan): readonly (readonly [number, number])[] {
  const failed = events.filter(({ name }) => name === 'millrace.attempt.failed');
  return failed.flatMap(({ timeMs }) => {
    const next = events.find((event) => event.name === 'millrace.attempt.started' && event.timeMs >= timeMs);
    return next === undefined ? [] : [[timeMs, next.timeMs]];
  });
}

function scaleOf(spans: readonly ReceivedSpan[], width: number): string {
  const end = Math.max(...spans.map(({ endMs }) => endMs)) - Math.min(...spans.map(({ startMs }) => startMs));
  return `0${`${grouped(Math.round(end))} ms`.padStart(width - 1)}`;
}

function cutLine({ ms }: { readonly ms: number }): string {
  return `┊ ${(ms / 1_000).toFixed(2)} s in which nothing happened, left out`;
}

function millisecondsOf(duration: number): string {
  return duration < 10 ? duration.toFixed(1) : grouped(Math.round(duration));
}

function isFailed({ error }: ReceivedSpan): boolean {
  return error !== undefined;
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}
