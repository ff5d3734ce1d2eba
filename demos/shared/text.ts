const plainNumber = new Intl.NumberFormat('en-US');

/** `12,345` */
export function grouped(count: number): string {
  return plainNumber.format(count);
}

/** `5 letters`, but `1 letter`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}

/** `Tue 06 Feb 15:50`, in UTC. */
export function dateOf(time: number): string {
  // Tue, 06 Feb 2018 15:50:43 GMT
  const text = new Date(time).toUTCString();
  return `${text.slice(0, 3)} ${text.slice(5, 11)} ${text.slice(17, 22)}`;
}

/** Columns of numbers under their heads, behind a first column of names. */
export function table(heads: readonly string[], rows: readonly (readonly (number | string)[])[]): readonly string[] {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
}

/** An error in a few words. Of a failed fetch, the cause says more than the error. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
