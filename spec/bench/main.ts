// `npm run bench`: every row of the speed table. `npm run bench -- emit keys` runs the rows whose names contain one of these,
// `--quick` measures less. A full run of all rows is written to RESULTS.md.
import { writeFileSync } from 'node:fs';
import { metFloors, printRow, resultsPage } from './harness/report.ts';
import { type RowResult, runRow } from './harness/run-row.ts';
import { rows } from './rows/index.ts';

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isQuick = process.argv.includes('--quick');
const selected = rows.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
if (selected.length === 0) {
  throw new Error(`Expected names of rows (${rows.map(({ name }) => name).join(', ')}), got ${names.join(', ')}.`);
}

const results: RowResult[] = [];
for (const row of selected) {
  const result = await runRow(row, { isQuick });
  printRow(result);
  results.push(result);
}
console.log(`\n${metFloors(results)}`);
if (!isQuick && selected.length === rows.length) {
  writeFileSync(new URL('RESULTS.md', import.meta.url), resultsPage(results, new Date()));
}
