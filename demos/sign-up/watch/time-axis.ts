/** A part of the axis, in milliseconds and in columns. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether nothing happens in it, and it is only a mark. */
  readonly isCut: boolean;
}

type Interval = readonly [fromMs: number, toMs: number];

/** Columns that a mark takes. */
const CUT = 3;
/** What is longer than this share of all that happens is cut. */
const MAX_IDLE = 0.15;

/** Puts times on columns. Long times in which nothing happens are cut out: otherwise a trace that waits for its redrive would be all waiting. */
export class TimeAxis {
  readonly #places: readonly { readonly stretch: Stretch; readonly column: number; readonly columns: number }[];

  /**
   * @param intervals - in which something happens
   * @param width - columns
   */
  constructor(intervals: readonly Interval[], width: number) {
    const stretches = stretchesOf(intervals, width);
    const shown = stretches.filter(({ isCut }) => !isCut);
    const totalMs = shown.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs), 0);
    // Each has a column of its own, and its share of the rest.
    const spare = width - shown.length - CUT * (stretches.length - shown.length);
    const passed = { shown: 0, cuts: 0, ms: 0 };
    let column = 0;
    this.#places = stretches.map((stretch) => {
      if (stretch.isCut) passed.cuts++;
      else passed.shown++;
      if (!stretch.isCut) passed.ms += stretch.toMs - stretch.fromMs;
      // From the sums, so that what is rounded does not add up.
      const share = totalMs === 0 ? passed.shown / shown.length : passed.ms / totalMs;
      const begin = column;
      column = passed.shown + CUT * passed.cuts + Math.round(spare * share);
      return { stretch, column: begin, columns: column - begin };
    });
  }

  /** The column of a time, or between two columns. */
  columnOf(timeMs: number): number {
    const begun = this.#places.filter(({ stretch }) => stretch.fromMs <= timeMs);
    // At the edges of a mark, it is the stretch beside it.
    const place =
      begun.findLast(({ stretch }) => !stretch.isCut && timeMs <= stretch.toMs) ?? begun.at(-1) ?? this.#places[0]!;
    const { column, columns } = place;
    const { fromMs, toMs } = place.stretch;
    const share = toMs === fromMs ? 0 : Math.min(1, Math.max(0, (timeMs - fromMs) / (toMs - fromMs)));
    return column + columns * share;
  }

  /** Where it is cut: the columns of the marks, and the milliseconds that they stand for. */
  get cuts(): readonly { readonly column: number; readonly ms: number }[] {
    return this.#places
      .filter(({ stretch }) => stretch.isCut)
      .map(({ stretch, column }) => ({ column: column + Math.floor(CUT / 2), ms: stretch.toMs - stretch.fromMs }));
  }
}

/** All of it, without what is too long and idle; but if that leaves too little room, nothing is cut. */
function stretchesOf(intervals: readonly Interval[], width: number): readonly Stretch[] {
  const busy = merge(intervals);
  const stretches = cut(busy);
  if (stretches.length * CUT <= width) return stretches;
  return [{ fromMs: busy[0]![0], toMs: busy.at(-1)![1], isCut: false }];
}

/** Intervals that overlap are one. */
function merge(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = [];
  for (const [fromMs, toMs] of intervals.toSorted(([one], [other]) => one - other)) {
    const last = merged.at(-1);
    if (last !== undefined && fromMs <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], toMs)];
    else merged.push([fromMs, toMs]);
  }
  return merged;
}

/** The axis, without what is too long and idle. */
function cut(busy: readonly Interval[]): readonly Stretch[] {
  const busyMs = busy.reduce((sum, [fromMs, toMs]) => sum + (toMs - fromMs), 0);
  const stretches: Stretch[] = [];
  for (const [fromMs, toMs] of busy) {
    const last = stretches.at(-1);
    if (last === undefined) stretches.push({ fromMs, toMs, isCut: false });
    else if (fromMs - last.toMs <= MAX_IDLE * busyMs) stretches[stretches.length - 1] = { ...last, toMs };
    else stretches.push({ fromMs: last.toMs, toMs: fromMs, isCut: true }, { fromMs, toMs, isCut: false });
  }
  return stretches;
}
