import type { ReceivedSpan } from './received-span.ts';

/** A span of a tree, with what draws it as one. */
export interface Branch {
  readonly span: ReceivedSpan;
  /** What is drawn before its name: `│ └ `. */
  readonly stem: string;
  /** What is drawn below it, before more lines of its own. */
  readonly rest: string;
  readonly children: readonly ReceivedSpan[];
}

/** The spans of a trace from the root on, each before its children, and those by their start. */
export function branchesOf(spans: readonly ReceivedSpan[]): readonly Branch[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const inTime = spans.toSorted((one, other) => one.startMs - other.startMs);
  const childrenOf = (parent: ReceivedSpan): readonly ReceivedSpan[] =>
    inTime.filter(({ parentSpanId }) => parentSpanId === parent.spanId);
  // A span whose parent never came is a root, too: nothing is left out.
  const roots = inTime.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId));
  return roots.flatMap((root) => branch(root, '', ''));

  function branch(span: ReceivedSpan, stem: string, indent: string): readonly Branch[] {
    const children = childrenOf(span);
    const below = children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return branch(child, `${indent}${isLast ? '└ ' : '├ '}`, `${indent}${isLast ? '  ' : '│ '}`);
    });
    return [{ span, stem, rest: `${indent}${children.length > 0 ? '│ ' : '  '}`, children }, ...below];
  }
}

/** The trace that has the most to tell: with a redrive, and of these, the one with the most attempts that failed. */
export function richestTrace(traces: Iterable<readonly ReceivedSpan[]>): readonly ReceivedSpan[] | undefined {
  const ranked = Array.from(traces, (spans) => ({ spans, rank: rankOf(spans) }));
  return ranked.toSorted((one, other) => other.rank - one.rank)[0]?.spans;
}

function rankOf(spans: readonly ReceivedSpan[]): number {
  const isRedriven = spans.some(({ attributes }) => attributes['millrace.redriven'] !== undefined);
  const failed = spans.flatMap(({ events }) => events).filter(({ name }) => name === 'millrace.attempt.failed');
  return (isRedriven ? 1_000_000 : 0) + 1_000 * failed.length + spans.length;
}
