// A process that appends to a stream of an SQLite file, one event at a time, and says the id of each as soon as it was acknowledged.
import { type SqliteDriver, sqliteEventStore } from 'millrace/sqlite';

const [path, driver, stream, count] = process.argv.slice(2) as [string, SqliteDriver, string, string];

await using store = await sqliteEventStore({ path, driver, busyTimeoutMs: 30_000 });
for (let at = 0; at < Number(count); at++) {
  const { ids } = await store.append(stream, { type: 'written', data: at });
  process.stdout.write(`acknowledged ${ids[0]}\n`);
}
