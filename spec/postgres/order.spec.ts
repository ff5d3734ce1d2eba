import type { EventStore, RecordedEvent } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';
import { collect } from '../support/collect.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

describe.skipIf(postgresUrl === undefined)('the order of all events', () => {
  let database: TestDatabase;
  let store: EventStore;

  const open = async (): Promise<EventStore> =>
    postgresEventStore({ connect: { connectionString: database.connectionString } });

  beforeEach(async () => {
    database = await openDatabase();
    store = await open();
  });

  afterEach(async () => {
    await store.close();
    await database[Symbol.asyncDispose]();
  });

  it('lets no reader miss or repeat an event, though 8 writers commit in any order', { timeout: 60_000 }, async () => {
    const end = performance.now() + 2_000;
    const writers = await Promise.all(Array.from({ length: 6 }, open));
    const slow = [await database.connect(), await database.connect()];
    const done = new AbortController();
    const writing = [
      ...writers.map(async (writer, index) => appendUntil(end, writer, index)),
      ...slow.map(async (client, index) => insertSlowlyUntil(end, client, index)),
    ];
    const readers = [subscribe(store, done.signal), subscribe(writers[0]!, done.signal), resume(store, done.signal)];
    // It must be seen to fail here, or this spec shows nothing.
    const naive = positionReader(database);
    const reading = readUntil(done.signal, naive.read);

    await Promise.all(writing);
    const rows = await database.query<{ id: string }>('select id from millrace.events order by tx, position');
    const ids = rows.map(({ id }) => id);
    const whole = await collect(store.readAll());
    expect(whole.map(({ id }) => id)).toStrictEqual(ids);
    expect(ids.length).toBeGreaterThan(500);
    await vi.waitFor(() => readers.forEach(({ seen }) => expect(seen.length).toBe(ids.length)), 20_000);
    done.abort();
    for (const { seen, ended } of readers) {
      await ended;
      expect(seen.map(({ id }) => id)).toStrictEqual(ids);
    }
    expectVersionsInTurn(whole);
    await reading;
    expect(naive.seen.length).toBeLessThan(ids.length);
    await Promise.all(writers.map(async (writer) => writer.close()));
  });

  it('does not follow positions alone, even below the oldest open transaction', async () => {
    const naive = positionReader(database, 'and tx < millrace.horizon()');
    const [early, late] = [await database.connect(), await database.connect()];
    // The transaction that is first in the order has the later position: it leads a reader of positions beyond the other.
    await early.query('begin; select millrace.current_tx()');
    await late.query('begin');
    await insert(late, 'late', 1);
    await insert(early, 'early', 1);
    await early.query('commit');
    await naive.read();
    const [first] = await collect(store.readAll({ limit: 1 }));
    await late.query('commit');
    await naive.read();
    const rest = await collect(store.readAll({ from: first!.checkpoint }));
    expect([first!, ...rest].map(({ id }) => id)).toStrictEqual(['early-1', 'late-1']);
    expect(naive.seen).toStrictEqual(['early-1']);
  });

  it('holds back what was committed behind an open transaction, and says so', async () => {
    await store.append('a', deposited);
    const slow = await database.connect();
    await slow.query('begin');
    await insert(slow, 'slow', 1);
    await store.append('a', deposited);

    const read = subscribe(store);
    await vi.waitFor(() => expect(read.seen).toHaveLength(1));
    expect((await collect(store.readStream('a'))).map(({ version }) => version)).toStrictEqual([1, 2]);
    expect((await store.head()).position).toBe(3);
    const waiting = collect(store.readAll());
    const limited = await collect(store.readAll({ limit: 1 }));
    expect(limited).toHaveLength(1);
    await expect(collect(store.readAll({ signal: AbortSignal.timeout(50) }))).rejects.toThrow('timeout');

    await slow.query('commit');
    const places = (await waiting).map(({ stream, version }) => [stream, version]);
    expect(places).toStrictEqual([
      ['a', 1],
      ['slow', 1],
      ['a', 2],
    ]);
    await vi.waitFor(() => expect(read.seen.map(({ stream, version }) => [stream, version])).toStrictEqual(places));
  });

  it('has a head that no event is above that was there, whichever transaction began first', async () => {
    expect((await store.head()).position).toBe(0);
    const [early, late] = [await database.connect(), await database.connect()];
    await early.query('begin; select millrace.current_tx()');
    await late.query('begin; select millrace.current_tx()');
    await insert(early, 'early', 1);
    await insert(late, 'late', 1);
    await insert(early, 'early', 2);
    await early.query('commit');
    await late.query('commit');
    const events = await collect(store.readAll());
    expect(events.map(({ position }) => position)).toStrictEqual([1, 3, 2]);
    expect((await store.head()).position).toBe(3);
    await store.append('later', deposited);
    const [later] = await collect(store.readStream('later'));
    expect(later!.position).toBe(4);
  });

  it('has a head that does not go back when the newest stream is deleted', async () => {
    await store.append('kept', deposited);
    await store.append('deleted', [deposited, deposited]);
    await store.deleteStream('deleted');
    expect((await store.head()).position).toBe(3);
    await store.deleteStream('kept');
    expect((await store.head()).position).toBe(3);
  });

  it('has a head also for a role that may only read tables', async () => {
    const role = `reader_${new URL(database.connectionString).pathname.slice(1)}`;
    await database.query(`
      create role ${role} login;
      grant usage on schema millrace to ${role};
      grant select on all tables in schema millrace to ${role}`);
    await store.append('a', [deposited, deposited]);
    const connectionString = Object.assign(new URL(database.connectionString), { username: role }).href;
    {
      await using reader = await postgresEventStore({ connect: { connectionString } });
      expect(await reader.head()).toStrictEqual(await store.head());
    }
    await database.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('waits for nobody who has rolled back', async () => {
    const slow = await database.connect();
    await slow.query('begin');
    await insert(slow, 'slow', 1);
    await store.append('a', deposited);
    const waiting = collect(store.readAll());
    await slow.query('rollback');
    expect((await waiting).map(({ stream }) => stream)).toStrictEqual(['a']);
    expect((await store.head()).position).toBe(2);
  });

  it('begins at the end with what was open, and not with what was there', async () => {
    await store.append('before', deposited);
    const slow = await database.connect();
    await slow.query('begin');
    await insert(slow, 'open', 1);
    await store.append('before', deposited);
    const { checkpoint, position } = await store.head();
    expect(position).toBe(3);
    await store.append('after', [deposited, deposited]);
    await slow.query('commit');

    const behind = await collect(store.readAll({ from: checkpoint }));
    expect(behind.map(({ stream }) => stream)).toStrictEqual(['open', 'after', 'after']);
    // Each of them is a place to go on from, too.
    for (const [index, { checkpoint: from }] of behind.entries()) {
      const rest = await collect(store.readAll({ from, types: ['account.deposited'] }));
      expect(rest.map(({ id }) => id)).toStrictEqual(behind.slice(index + 1).map(({ id }) => id));
    }
    expect(await collect(store.readAll({ from: 'end' }))).toStrictEqual([]);
  });

  it('waits for what was there when it came to the end, not for what came since', async () => {
    const [first, second] = [await database.connect(), await database.connect()];
    await first.query('begin');
    await insert(first, 'first', 1);
    await store.append('a', deposited);
    const waiting = collect(store.readAll());
    const caughtUp = new Promise<void>((resolve) => void subscribe(store, undefined, resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await second.query('begin');
    await insert(second, 'second', 1);
    await store.append('b', deposited);
    await first.query('commit');
    expect((await waiting).map(({ stream }) => stream)).toStrictEqual(['first', 'a']);
    await caughtUp;
  });

  it('reads what it has appended itself, although writers never rest', async () => {
    const stop = new AbortController();
    const writers = Array.from({ length: 8 }, async (_, index) => appendUntil(Infinity, store, index, stop.signal));
    for (let read = 0; read < 5; read++) {
      await store.append('own', deposited);
      const seen = await collect(store.readAll());
      expect(seen.filter(({ stream }) => stream === 'own')).toHaveLength(read + 1);
    }
    stop.abort();
    await Promise.all(writers);
  });

  it('refuses checkpoints that are none', async () => {
    const wrong = [
      '',
      '12',
      '1:',
      ':1',
      '1:2:3',
      '1:2~',
      '1:2~3',
      '1:2~3:x',
      '-1:2',
      '1.5:2',
      'end ',
      '9999999999999999:1',
    ];
    for (const from of wrong) {
      await expect(async () => collect(store.readAll({ from }))).rejects.toThrow('checkpoint');
    }
  });
});

/** Appends to streams that others write to, too. */
async function appendUntil(end: number, writer: EventStore, index: number, signal?: AbortSignal): Promise<void> {
  for (let turn = index; performance.now() < end; turn++) {
    if (signal?.aborted === true) return;
    await writer.append(`shared-${turn % 3}`, turn % 5 === 0 ? [deposited, deposited] : deposited);
  }
}

/** What other programs may do: transactions that stay open, and insert in between. */
async function insertSlowlyUntil(end: number, client: Client, index: number): Promise<void> {
  for (let version = 1; performance.now() < end;) {
    await client.query('begin');
    for (let more = version % 4; more >= 0; more--) {
      await insert(client, `slow-${index}`, version++);
      await new Promise((resolve) => setTimeout(resolve, (version * 7) % 20));
    }
    await client.query('commit');
  }
}

async function insert(client: Client, stream: string, version: number): Promise<void> {
  await client.query(
    `insert into millrace.events (stream, version, id, type, time, data, metadata)
      values ($1, $2::bigint, $1 || '-' || $2::bigint, 'account.deposited', 0, '{"amount":1}', '{}')`,
    [stream, version],
  );
}

interface Reader {
  readonly seen: RecordedEvent[];
  readonly ended: Promise<void>;
}

function subscribe(store: EventStore, signal?: AbortSignal, onCaughtUp: () => void = () => undefined): Reader {
  const seen: RecordedEvent[] = [];
  const options = signal === undefined ? { onCaughtUp } : { onCaughtUp, signal };
  const ended = (async () => {
    for await (const event of store.subscribe(options)) seen.push(event);
  })();
  return { seen, ended };
}

/** Stops again and again, and goes on from the last checkpoint. */
function resume(store: EventStore, signal: AbortSignal): Reader {
  const seen: RecordedEvent[] = [];
  const ended = (async () => {
    while (!signal.aborted) {
      const from = seen.at(-1)?.checkpoint ?? 'start';
      for await (const event of store.readAll({ from, limit: 7 })) seen.push(event);
    }
  })();
  return { seen, ended };
}

/** The reader that everybody writes first. */
function positionReader(
  database: TestDatabase,
  condition = '',
): { readonly seen: string[]; readonly read: () => Promise<void> } {
  const seen: string[] = [];
  let last = '0';
  return {
    seen,
    read: async () => {
      const rows = await database.query<{ id: string; position: string }>(
        `select id, position from millrace.events where position > $1 ${condition} order by position`,
        [last],
      );
      seen.push(...rows.map(({ id }) => id));
      last = rows.at(-1)?.position ?? last;
    },
  };
}

async function readUntil(signal: AbortSignal, read: () => Promise<void>): Promise<void> {
  while (!signal.aborted) await read();
  await read();
}

function expectVersionsInTurn(events: readonly RecordedEvent[]): void {
  const versions = new Map<string, number>();
  for (const { stream, version } of events) {
    expect([stream, version]).toStrictEqual([stream, (versions.get(stream) ?? 0) + 1]);
    versions.set(stream, version);
  }
}
