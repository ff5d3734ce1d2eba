import type { EventStore } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import { Client, Pool } from 'pg';
import { expectTypeOf, it } from 'vitest';

const client = new Pool();
const connect = { connectionString: 'postgres://127.0.0.1/app' };

it('opens a store on a pool, or on what a pool takes', () => {
  expectTypeOf(postgresEventStore({ client })).resolves.toEqualTypeOf<EventStore>();
  expectTypeOf(
    postgresEventStore({ client, schema: 'shop', manage: false, pageSize: 10 }),
  ).resolves.toEqualTypeOf<EventStore>();
  expectTypeOf(postgresEventStore({ connect })).resolves.toEqualTypeOf<EventStore>();
  expectTypeOf(
    postgresEventStore({ connect: { host: '127.0.0.1', max: 4, ssl: true } }),
  ).resolves.toEqualTypeOf<EventStore>();
});

it('refuses what is no pool, both, or neither', () => {
  // @ts-expect-error -- one connection, which lends nothing
  void postgresEventStore({ client: new Client() });
  // @ts-expect-error -- both
  void postgresEventStore({ client, connect });
  // @ts-expect-error -- neither
  void postgresEventStore({ schema: 'shop' });
  // @ts-expect-error -- an unknown option
  void postgresEventStore({ client, table: 'events' });
  // @ts-expect-error -- a text
  void postgresEventStore({ connect: 'postgres://127.0.0.1/app' });
});
