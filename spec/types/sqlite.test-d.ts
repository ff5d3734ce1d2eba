import type { EventStore } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import Libsql from 'libsql';
import { expectTypeOf, it } from 'vitest';

const path = 'events.db';
const database = new Libsql(path);

it('opens a file, or works with a database that is open', () => {
  expectTypeOf(sqliteEventStore({ path })).resolves.toEqualTypeOf<EventStore>();
  expectTypeOf(
    sqliteEventStore({ path, driver: 'node', durability: 'normal', busyTimeoutMs: 100, pollMs: 10, pageSize: 10 }),
  ).resolves.toEqualTypeOf<EventStore>();
  expectTypeOf(sqliteEventStore({ database })).resolves.toEqualTypeOf<EventStore>();
});

it('refuses what is no database, both, or neither', () => {
  // @ts-expect-error -- both
  void sqliteEventStore({ path, database });
  // @ts-expect-error -- neither
  void sqliteEventStore({ durability: 'full' });
  // @ts-expect-error -- nothing
  void sqliteEventStore();
  // @ts-expect-error -- it is open already
  void sqliteEventStore({ database, driver: 'libsql' });
  // @ts-expect-error -- an unknown driver
  void sqliteEventStore({ path, driver: 'better-sqlite3' });
  // @ts-expect-error -- an unknown option
  void sqliteEventStore({ path, table: 'events' });
  // @ts-expect-error -- a text
  void sqliteEventStore(path);
});
