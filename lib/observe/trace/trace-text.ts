import { inOneLine } from '../../core/one-line.ts';
import type { TracedEnd, TraceNode } from './event-trace.ts';

/** Deeper events are not indented any further: their depth is written instead. */
const DEEPEST_INDENT = 24;
/** A type that is longer than this is not aligned with. */
const WIDEST = 80;
/** Of a longer id, so much is shown: its end, as ids that are ordered by time begin alike. */
const ID_LENGTH = 8;

/** What is drawn of a node, in columns; the last one needs no width. */
type Row = readonly [type: string, id: string, since: string, details: string];

/** A node that waits for being drawn. */
interface Pending {
  readonly node: TraceNode;
  readonly depth: number;
  /** What stands before its type. */
  readonly lead: string;
  /** What stands before the leads of its children. */
  readonly indent: string;
}

/** Draws trees, one line a node. */
export function traceText(roots: readonly TraceNode[]): string {
  const startedAt = roots[0]?.event.time ?? 0;
  const rows = Array.from(inDrawingOrder(roots), (pending) => rowOf(pending, startedAt));
  const widths = [0, 1, 2].map((column) => Math.min(WIDEST, widest(rows, column)));
  return rows
    .map(([type, id, since, details]) =>
      [type.padEnd(widths[0]!), id.padEnd(widths[1]!), since.padStart(widths[2]!), details].join('  ').trimEnd(),
    )
    .join('\n');
}

/** Without recursion: a chain of events may be longer than the stack is deep. */
function* inDrawingOrder(roots: readonly TraceNode[]): Generator<Pending> {
  const stack = roots.toReversed().map((node): Pending => ({ node, depth: 0, lead: '', indent: '' }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    stack.push(...childrenOf(next).toReversed());
  }
}

function childrenOf({ node, depth: above, indent }: Pending): readonly Pending[] {
  const depth = above + 1;
  const isDeep = depth > DEEPEST_INDENT;
  return node.children.map((child, index) => {
    const isLast = index === node.children.length - 1;
    return {
      node: child,
      depth,
      lead: `${indent}${isLast ? '└─' : '├─'} ${isDeep ? `(${depth} deep) ` : ''}`,
      indent: isDeep ? indent : `${indent}${isLast ? '  ' : '│ '} `,
    };
  });
}

function rowOf({ node: { event, ends, orphan }, lead }: Pending, startedAt: number): Row {
  const { id, type, time, stream, version, headers } = event;
  const details = [
    ...(stream === undefined ? [] : [version === undefined ? stream : `${stream} v${version}`]),
    ...ends.map(endText),
    ...(orphan === undefined ? [] : [`(its cause ${shortId(headers.causationId ?? '')} ${ORPHANS[orphan]})`]),
  ];
  return [lead + inOneLine(type), shortId(id), offsetText(time - startedAt), inOneLine(details.join(', '))];
}

const ORPHANS: Readonly<Record<NonNullable<TraceNode['orphan']>, string>> = {
  cycle: 'is one of its consequences',
  unrecorded: 'is not recorded',
};

function endText({ handler, outcome, reason, attempts }: TracedEnd): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${handler}: ${outcome}${why}${attempts > 1 ? ` after ${attempts} attempts` : ''}`;
}

function shortId(id: string): string {
  return inOneLine(id.length > ID_LENGTH + 1 ? `…${id.slice(-ID_LENGTH)}` : id);
}

/** In the unit in which it is easy to read. */
function offsetText(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const size = Math.abs(ms);
  if (size < 1_000) return `${sign}${Math.round(size)} ms`;
  if (size < 60_000) return `${sign}${(size / 1_000).toFixed(2)} s`;
  if (size < 3_600_000) return `${sign}${(size / 60_000).toFixed(1)} min`;
  return size < 86_400_000 ? `${sign}${(size / 3_600_000).toFixed(1)} h` : `${sign}${(size / 86_400_000).toFixed(1)} d`;
}

function widest(rows: readonly Row[], column: number): number {
  return rows.reduce((width, row) => Math.max(width, row[column]!.length), 0);
}
