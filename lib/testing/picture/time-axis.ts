/** A text that stands in a row, and at which step of time. */
export interface Cell {
  readonly step: number;
  readonly text: string;
}

/** A text that stands at a column. */
export interface Caption {
  readonly column: number;
  readonly text: string;
}

/** More columns than these, without a mark in any row, are left out. */
const LONGEST_QUIET = 20;
const STEPS_PER_TICK = 5;

/** What stands at one step. */
interface Moment {
  /** Columns that its widest text takes. */
  size: number;
  /** What stands before it in its rows, and must have room. */
  readonly before: Cell[];
}

/**
 * Says at which column each step of time is drawn: a column a step. Long quiet stretches are left out, in all rows at once. Where a text needs
 * more room than there is until the next one of its row, all rows grow.
 */
export class TimeAxis {
  /** One for each stretch that is left out. */
  readonly gaps: Caption[] = [];
  /** The times to be told: where even time begins again, and every few steps of it. */
  readonly turns: Caption[] = [];
  readonly ticks: Caption[] = [];
  private readonly columns = new Map<number, number>();
  private readonly msPerStep: number;
  /** The column behind everything so far. */
  private reach = 0;

  /** @param rows - what stands in each row, in the order of time */
  constructor(rows: readonly (readonly Cell[])[], lastStep: number, msPerStep: number) {
    this.msPerStep = msPerStep;
    this.place(0, 0);
    const moments = momentsOf(rows, lastStep);
    let previous = 0;
    for (const step of [...moments.keys()].toSorted((one, other) => one - other)) {
      const { size, before } = moments.get(step)!;
      this.place(step, this.next(previous, step, before));
      this.reach = Math.max(this.reach, this.columnOf(step) + size);
      previous = step;
    }
    this.reach = Math.max(this.reach, this.columnOf(lastStep) + 1);
  }

  /** How many columns there are. */
  get width(): number {
    return this.reach;
  }

  columnOf(step: number): number {
    return this.columns.get(step)!;
  }

  private place(step: number, column: number): void {
    this.columns.set(step, column);
  }

  private next(previous: number, step: number, before: readonly Cell[]): number {
    const from = this.columnOf(previous);
    const even = from + step - previous;
    const quietFrom = Math.max(this.reach, from) + 1;
    const quiet = even - quietFrom - 1;
    if (quiet > LONGEST_QUIET) return this.leaveOut(quietFrom, quiet, step);
    const column = before.reduce((most, cell) => Math.max(most, this.columnOf(cell.step) + cell.text.length), even);
    if (column > even || step === 0) this.turns.push({ column, text: this.timeOf(step) });
    else this.tickBetween(previous, step);
    return column;
  }

  /** A column of what goes on is drawn before and after it. */
  private leaveOut(column: number, quiet: number, step: number): number {
    const text = ` ${this.timeOf(quiet)}ms `;
    const end = column + text.length + 1;
    this.gaps.push({ column, text });
    this.turns.push({ column: end, text: this.timeOf(step) });
    return end;
  }

  private tickBetween(previous: number, step: number): void {
    const first = Math.floor(previous / STEPS_PER_TICK + 1) * STEPS_PER_TICK;
    for (let at = first; at <= step; at += STEPS_PER_TICK) {
      this.ticks.push({ column: this.columnOf(previous) + at - previous, text: this.timeOf(at) });
    }
  }

  /** Without what is not exact in steps such as 0.1 ms. */
  private timeOf(steps: number): string {
    return String(Number((steps * this.msPerStep).toPrecision(12)));
  }
}

function momentsOf(rows: readonly (readonly Cell[])[], lastStep: number): ReadonlyMap<number, Moment> {
  const moments = new Map<number, Moment>([
    [0, { size: 0, before: [] }],
    [lastStep, { size: 0, before: [] }],
  ]);
  for (const row of rows) {
    for (const [index, { step, text }] of row.entries()) {
      const moment = moments.get(step) ?? { size: 0, before: [] };
      moments.set(step, moment);
      moment.size = Math.max(moment.size, text.length);
      if (index > 0) moment.before.push(row[index - 1]!);
    }
  }
  return moments;
}
