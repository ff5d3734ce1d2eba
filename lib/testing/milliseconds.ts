const PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * How long a time is that is written as in RxJS's diagrams: `'20ms'`, `'1.5s'`, `'2m'`.
 *
 * @param written - must have that form
 */
export function milliseconds(written: string): number {
  const unit = written.replace(/^[\d.]+/u, '');
  return Number(written.slice(0, -unit.length)) * PER_UNIT[unit]!;
}
