// Appends to an SQLite store, and says on its standard output what it sends and what was acknowledged: a trace of its system calls shows both, and the syncs between them.
import { writeSync } from 'node:fs';
import { type SqliteDurability, sqliteEventStore } from 'millrace/sqlite';

const [path = '', durability, lanes, appends] = process.argv.slice(2);

await using store = await sqliteEventStore({ path, durability: durability as SqliteDurability });
await Promise.all(Array.from({ length: Number(lanes) }, async (_, lane) => write(lane)));

async function write(lane: number): Promise<void> {
  for (let number = 1; number <= Number(appends); number++) {
    const id = `append-${lane}-${number}-`;
    await store.append(`lane-${lane}`, { type: 'written', data: { number }, id });
    writeSync(1, `acknowledged ${id}\n`);
  }
}
