import { isMet } from './floor.ts';
import { describeMachine } from './machine.ts';
import type { Row } from './row.ts';
import type { RowResult } from './run-row.ts';
import { formatNumber, tableOf } from './table.ts';

/** A row for a terminal. */
export function printRow(result: RowResult): void {
  const table = tableOf(result);
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  console.log(`\n${result.row.name}: ${result.row.title}`);
  for (const [name, ...cells] of table) {
    const padded = cells.map((cell, column) => {
      const isNote = column === cells.length - 1;
      return isNote ? cell : cell.padStart(widths[column + 1]!);
    });
    console.log(`  ${[name!.padEnd(widths[0]!), ...padded].join('  ').trimEnd()}`);
  }
  for (const verdict of verdictsOf(result)) console.log(`  ${verdict.replaceAll('**', '')}`);
}

/** All rows as a page. */
export function resultsPage(results: readonly RowResult[], skipped: readonly SkippedRow[], now: Date): string {
  return `# Results of \`npm run bench\`

${now.toISOString().slice(0, 10)} · ${describeMachine()}

Medians. Each contestant runs in processes of its own, several one after the other; the rounds of the contestants alternate. ± is the middle
half of the rounds, *events* how many a round has: the slow are given fewer. *time* and *speed* are against the contestant where both are 1. Results that are wrong (a count, a sum, a dead letter, an order) end the bench.

${metFloors(results)}

${[...results.map(section), ...skipped.map(skippedSection)].join('\n\n')}
`;
}

/** A row that was not measured. */
export interface SkippedRow {
  readonly row: Row;
  readonly reason: string;
}

/** It is named, and why. */
export function printSkipped({ row, reason }: SkippedRow): void {
  console.log(`\n${row.name}: ${row.title}\n  SKIPPED: ${reason}`);
}

/** How many floors were kept. */
export function metFloors(results: readonly RowResult[]): string {
  const verdicts = results.flatMap((result) => result.verdicts);
  const met = verdicts.filter(({ floor, value }) => isMet(floor, value)).length;
  return `${met} of ${verdicts.length} floors are met.`;
}

function section(result: RowResult): string {
  const { name, title, notes = [] } = result.row;
  const [heading, ...lines] = tableOf(result);
  const rule = heading!.map((_, column) => (column === 0 || column === heading!.length - 1 ? '---' : '---:'));
  const table = [heading!, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const points = [...verdictsOf(result), ...notes];
  return `## ${name}: ${title}\n\n${table}\n\n${points.map((point) => `- ${point}`).join('\n')}`;
}

function skippedSection({ row, reason }: SkippedRow): string {
  return `## ${row.name}: ${row.title}\n\n- **SKIPPED** ${reason}`;
}

function verdictsOf({ verdicts }: RowResult): readonly string[] {
  return verdicts.map(({ floor, value }) => {
    return `**${isMet(floor, value) ? 'met' : 'MISSED'}** ${floor.claim}: ${formatNumber(value)}`;
  });
}
