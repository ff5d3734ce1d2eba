import { StoreFormatError } from '../sourcing/errors.ts';
import type { Connections } from './connections.ts';
import { isServerError } from './failures.ts';
import { migrationsOf, transactionNumbers } from './migrations.ts';
import { AS_TEXT, onlyRow, type PostgresAnswer, type PostgresConnection } from './postgres-pool.ts';
import { quoteName, quoteText } from './schema-name.ts';

/** The oldest server that counts transactions in 64 bits. */
const OLDEST_SERVER = 130_000;

/** The table of what was applied. Tools for migrations have tables of plainer names, which may be in the same schema. */
const MIGRATIONS = 'millrace_migrations';

/** How the tables stand. */
interface Standing {
  /** The version that was applied last; 0 if there is none. */
  readonly version: number;
  /** What was added to the numbers of this server's transactions has to be this much at least; undefined if all is well. */
  readonly base: number | undefined;
}

/**
 * Brings the tables of a schema up to this version, once, although several processes may come at the same time.
 *
 * @param isManaged - whether they may be changed; otherwise they are only checked
 * @throws StoreFormatError if they cannot be used
 */
export async function openSchema(connections: Connections, schema: string, isManaged: boolean): Promise<void> {
  await connections.use(async (connection) => {
    await expectServer(connection);
    const migrations = migrationsOf(schema);
    const standing = await standingOf(connection, schema);
    expectKnown(schema, standing.version, migrations.length);
    if (standing.version === migrations.length && standing.base === undefined) return;
    if (!isManaged) throw unmanaged(schema, standing, migrations.length);
    await inTransaction(connection, async () => migrate(connection, schema, migrations));
  });
}

async function migrate(connection: PostgresConnection, schema: string, migrations: readonly string[]): Promise<void> {
  await ask(
    connection,
    `select pg_advisory_xact_lock(hashtextextended(${quoteText(`millrace.migrate.${schema}`)}, 0))`,
  );
  // Somebody else may have done it while this one waited.
  const { version, base } = await standingOf(connection, schema);
  expectKnown(schema, version, migrations.length);
  const s = quoteName(schema);
  if (version === 0) {
    await ask(connection, `create schema if not exists ${s}`);
    await ask(
      connection,
      `create table ${s}.${MIGRATIONS} (version integer primary key, applied_at timestamptz not null default now())`,
    ).catch(refuseForeign(schema));
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    await ask(connection, migration).catch(refuseForeign(schema));
    await ask(connection, `insert into ${s}.${MIGRATIONS} (version) values (${index + 1})`);
  }
  if (base !== undefined) await ask(connection, transactionNumbers(schema, base));
}

async function standingOf(connection: PostgresConnection, schema: string): Promise<Standing> {
  const s = quoteName(schema);
  // Not to_regclass, which may remember from before the wait that there was none.
  const [found] = onlyRow<[string]>(
    await ask(
      connection,
      `select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${quoteText(schema)} and c.relname = '${MIGRATIONS}'`,
    ),
  );
  if (found === '0') return { version: 0, base: undefined };
  const [applied] = onlyRow<[string]>(
    await ask(connection, `select coalesce(max(version), 0) from ${s}.${MIGRATIONS}`),
  );
  const version = Number(applied);
  if (!Number.isSafeInteger(version)) throw notOurs(schema, `version '${applied}'`);
  if (version !== migrationsOf(schema).length) return { version, base: undefined };
  const [newest, next] = onlyRow<[string | null, string]>(
    await ask(
      connection,
      `select (select tx from ${s}.events order by tx desc, position desc limit 1),
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint + ${s}.tx_base()`,
    ),
  );
  return { version, base: Number(newest) >= Number(next) ? Number(newest) + 1 : undefined };
}

async function expectServer(connection: PostgresConnection): Promise<void> {
  const [number, version, encoding, isolation] = onlyRow<[string, string, string, string]>(
    await ask(
      connection,
      `select current_setting('server_version_num'), current_setting('server_version'), current_setting('server_encoding'),
        current_setting('default_transaction_isolation')`,
    ),
  );
  if (Number(number) < OLDEST_SERVER) {
    throw new StoreFormatError(`Expected PostgreSQL 13 or newer, got ${version}. Upgrade the server.`);
  }
  if (encoding !== 'UTF8') {
    throw new StoreFormatError(
      `Expected a database in UTF8, got ${encoding}. Create one with encoding 'UTF8' template 'template0'.`,
    );
  }
  // An append has to see what was committed while it waited for its stream.
  if (isolation !== 'read committed') {
    throw new StoreFormatError(
      `Expected transactions to be 'read committed' by default, got '${isolation}'. Connect with options: '-c default_transaction_isolation=read\\ committed', or alter the role.`,
    );
  }
}

function expectKnown(schema: string, version: number, newest: number): void {
  if (version <= newest) return;
  throw new StoreFormatError(
    `Expected schema '${schema}' of version ${newest} or older, got version ${version}. A newer millrace has made it: upgrade this program.`,
  );
}

function unmanaged(schema: string, { version, base }: Standing, newest: number): StoreFormatError {
  const got = base === undefined ? `version ${version}` : 'one that was restored from another server';
  const missing = version === 0 ? ' (there are no tables yet)' : '';
  return new StoreFormatError(
    `Expected schema '${schema}' of version ${newest}, got ${got}${missing}. Open it once with manage: true, as a role that may create tables.`,
  );
}

function notOurs(schema: string, got: string): StoreFormatError {
  return new StoreFormatError(
    `Expected table ${MIGRATIONS} in schema '${schema}' to be one of millrace, got ${got}. Give another name as schema.`,
  );
}

/** What is there under the names of the tables is somebody else's. */
function refuseForeign(schema: string): (error: unknown) => never {
  return (error) => {
    // 42P07, 42710, 42723: a table, an object, a function of that name exists.
    if (!isServerError(error) || !['42P07', '42710', '42723'].includes(error.code)) throw error;
    throw new StoreFormatError(
      `Expected schema '${schema}' to be empty or one of millrace, got one with other things: ${error.message}. Give another name as schema.`,
      { cause: error },
    );
  };
}

async function inTransaction(connection: PostgresConnection, work: () => Promise<void>): Promise<void> {
  // Each statement is to see what others have committed before it.
  await ask(connection, 'begin isolation level read committed');
  try {
    await work();
    await ask(connection, 'commit');
  } catch (error) {
    await ask(connection, 'rollback').catch(() => undefined);
    throw error;
  }
}

async function ask(connection: PostgresConnection, text: string): Promise<PostgresAnswer['rows']> {
  return (await connection.query({ text, ...AS_TEXT })).rows;
}
