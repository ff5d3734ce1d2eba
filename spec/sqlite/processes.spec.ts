import { fileURLToPath } from 'node:url';
import { sqliteEventStore } from 'millrace/sqlite';
import { firstValueFrom, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/collect.ts';
import { DemoRun } from '../support/demo-run.ts';
import { DRIVERS, openDatabase, openFolder } from './clients.ts';

function startWriter(path: string, driver: string, stream: string, count: number): DemoRun {
  return new DemoRun(fileURLToPath(new URL('./writer.ts', import.meta.url)), path, driver, stream, String(count));
}

/** The ids of the events that a writer has said to be acknowledged: of whole lines only, and there may be warnings between them. */
function acknowledged({ output }: DemoRun): readonly string[] {
  return output.match(/(?<=^acknowledged ).+(?=\n)/gm) ?? [];
}

// One client stands for all: locks are those of files.
const driver = DRIVERS.at(-1)!;

describe('several processes', () => {
  it('make a new file once, and write to it at once', { timeout: 60_000 }, async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const writers = Array.from({ length: 4 }, (_, index) => startWriter(path, driver, `own-${index % 2}`, 50));
    expect(await Promise.all(writers.map((writer) => writer.exitCode()))).toStrictEqual([0, 0, 0, 0]);
    await using store = await sqliteEventStore({ path, driver });
    const events = await collect(store.readAll());
    expect(events.map(({ id }) => id).toSorted()).toStrictEqual(writers.flatMap(acknowledged).toSorted());
    expect(events.map(({ position }) => position)).toStrictEqual(events.map((_, index) => index + 1));
    for (const stream of ['own-0', 'own-1']) {
      const versions = events.filter((event) => event.stream === stream).map(({ version }) => version);
      expect(versions).toStrictEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    }
  });

  it('lose no event that was acknowledged when one of them is killed', { timeout: 60_000 }, async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const known: string[] = [];
    for (const enough of [1, 10, 100]) {
      const writer = startWriter(path, driver, 'a', 1_000_000);
      const ended = writer.exitCode().then(() => 'ended');
      const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
      while (acknowledged(writer).length < enough && (await Promise.race([ended, pause()])) !== 'ended');
      writer.kill('SIGKILL');
      expect(await writer.exitCode()).toBe(null);
      known.push(...acknowledged(writer));
      await using store = await sqliteEventStore({ path, driver });
      const events = await collect(store.readStream('a'));
      expect(events.map(({ version }) => version)).toStrictEqual(events.map((_, index) => index + 1));
      const ids = events.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(known));
      // The last one may have been written, and not said.
      expect(ids.length - known.length).toBeLessThanOrEqual(enough === 1 ? 1 : 3);
    }
  });
});

describe.each(DRIVERS)('stores on one file, by %s', (client) => {
  it('notice each other soon', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await using reader = await sqliteEventStore({ path, driver: client, pollMs: 10 });
    await using writer = await sqliteEventStore({ path, driver: client });
    const caughtUp = new Subject<void>();
    const subscription = reader.subscribe({ onCaughtUp: () => caughtUp.next() });
    const next = subscription.next();
    await firstValueFrom(caughtUp);
    const begin = performance.now();
    await writer.append('a', { type: 'a', data: 1 });
    expect((await next).value).toMatchObject({ stream: 'a', version: 1 });
    // Without data_version, it would be after a second.
    expect(performance.now() - begin).toBeLessThan(500);
    await subscription.return?.();
  });

  it('may be opened at once when there is none', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const stores = await Promise.all(Array.from({ length: 4 }, () => sqliteEventStore({ path, driver: client })));
    await Promise.all(stores.map((store, index) => store.append('a', { type: 'a', data: index })));
    expect(await stores[0]!.streamVersion('a')).toBe(4);
    await Promise.all(stores.map((store) => store.close()));
    const database = openDatabase(client, path);
    expect(database.prepare('SELECT count(*) AS count FROM events').get()).toMatchObject({ count: 4 });
    database.close();
  });
});
