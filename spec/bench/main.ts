// `npm run bench`: every row of the speed table. `npm run bench -- emit keys` runs the rows whose names contain one of these,
// `--quick` measures less, `--large` has the rows that take minutes each. A full run of all rows is written to RESULTS.md.
import { writeFileSync } from 'node:fs';
import { openDatabases } from './harness/databases.ts';
import { metFloors, printRow, printSkipped, resultsPage, type SkippedRow } from './harness/report.ts';
import { type RowResult, runRow } from './harness/run-row.ts';
import { startServer } from './harness/server.ts';
import { largeRows, rows } from './rows/index.ts';

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isQuick = process.argv.includes('--quick');
const offered = process.argv.includes('--large') ? largeRows : rows;
const selected = offered.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
if (selected.length === 0) {
  throw new Error(`Expected names of rows (${offered.map(({ name }) => name).join(', ')}), got ${names.join(', ')}.`);
}

await using databases = openDatabases();
const results: RowResult[] = [];
const skipped: SkippedRow[] = [];
for (const row of selected) {
  await using server = row.needs === undefined || row.needs === 'postgres' ? undefined : await startServer(row.needs);
  const reason = row.needs === 'postgres' ? await databases.missingPostgres() : server?.missing;
  if (reason !== undefined) {
    skipped.push({ row, reason });
    printSkipped({ row, reason });
    continue;
  }
  const result = await runRow(row, { isQuick });
  await databases.clear();
  printRow(result);
  results.push(result);
}
console.log(`\n${metFloors(results)}`);
if (!isQuick && selected.length === rows.length) {
  writeFileSync(new URL('RESULTS.md', import.meta.url), resultsPage(results, skipped, new Date()));
}
