import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runDesk = (...args: readonly string[]): DemoRun => new DemoRun('demos/earthquake-desk/main.ts', ...args);

describe.concurrent('the earthquake desk', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'earthquake-desk-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('replays a week in which much goes wrong, and accounts for every record and every event', async () => {
    const out = join(folder, 'week');
    const run = runDesk('--speed', '150000', '--out', out);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');

    expect(run.sum('quakes of the week')).toBe(1_707);
    expect(run.sum('records broken on purpose')).toBe(6);
    const reports = run.sum('different records served');
    const allHandled = { accepted: reports, redriven: 0, handled: reports, dead: 0, dropped: 0, pending: 0 };
    expect(run.handler('network-pages')).toStrictEqual(allHandled);
    expect(run.handler('strong-quakes')).toStrictEqual(allHandled);
    expect(run.handler('swarm-finder')).toStrictEqual(allHandled);
    const alert = run.handler('alert');
    expect(alert.accepted).toBe(90);
    expect(alert.dead).toBeGreaterThan(0);
    expect(alert.redriven).toBe(alert.dead);
    expect(run.sum('alerts taken by the endpoint')).toBe(90);
    expect(run.handler('ticker').dropped).toBeGreaterThan(1_000);

    const journal = (await readFile(join(out, 'quakes.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(journal).toHaveLength(reports);
    expect(await readdir(join(out, 'networks'))).toHaveLength(12);
    for (const beat of ['breaks', 'The circuit opens', 'exhausted after 4', 'repairs', 'Redriving', 'circuit closes']) {
      expect(run.output).toContain(beat);
    }
  });

  it('drains when it is stopped in the middle of the outage, and the sums hold', async () => {
    const run = runDesk('--speed', '150000', '--out', join(folder, 'stopped'));
    await run.says('The circuit opens');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped');
    expect(run.output).toContain('All sums hold.');
    expect(run.handler('alert').pending).toBe(0);
    expect(run.handler('alert').dead).toBeGreaterThan(0);
    expect(run.sum('quakes in the journal')).toBeLessThan(1_707);
  });

  it('polls a live feed until it is stopped', async () => {
    const feed = createServer((_, response) => response.end(JSON.stringify(summaryOf([quake('a'), quake('b'), {}]))));
    await once(feed.listen(0, '127.0.0.1'), 'listening');
    const { port } = feed.address() as AddressInfo;
    const run = runDesk('--url', `http://127.0.0.1:${port}/`, '--out', join(folder, 'live'));
    await run.says('3 records, 0 of them repeated, 2 reports');
    run.kill('SIGINT');
    expect(await run.exitCode(), run.output).toBe(0);
    feed.close();
    expect(run.output).toContain('Dead letter: a record that is invalid. id: ');
    expect(run.sum('records polled')).toBe(3);
    expect(run.sum('quakes in the journal')).toBe(2);
    // Of the first; the other is not strong.
    expect(run.sum('alerts taken by the endpoint')).toBe(1);
  });

  it.each([
    [['--speed', '0'], 'Expected --speed to be a number > 0'],
    [['--speed', 'fast'], "got 'fast'"],
    [['--seed', '1.5'], 'Expected --seed to be an integer'],
    [['--concurrency', '0'], 'Expected --concurrency to be a count'],
    [['--url', 'quakes'], 'Expected --url to be an http(s) address'],
    [['--out', '/dev/null/out'], 'Expected --out to be a folder'],
    [['--frequency', '1'], "Unknown option '--frequency'"],
  ])('refuses %j', async (args, text) => {
    const run = runDesk(...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('--help');
  });

  it('says where it expected a feed', async () => {
    const run = runDesk('--url', 'http://127.0.0.1:9/nothing', '--out', join(folder, 'nothing'));
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('Expected a feed at http://127.0.0.1:9/nothing, got');
  });

  it('explains its options', async () => {
    const run = runDesk('--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--speed', '--seed', '--concurrency', '--url', '--out', '--help']) {
      expect(run.output).toContain(option);
    }
  });
});

function summaryOf(features: readonly unknown[]): unknown {
  return { type: 'FeatureCollection', metadata: { generated: 1_700_000_000_000 }, features };
}

function quake(id: string): unknown {
  const mag = id === 'a' ? 5.5 : 1;
  const properties = { mag, place: `10km N of ${id}, Chile`, time: 1, updated: 2, net: 'us', type: 'earthquake' };
  return { type: 'Feature', id, properties, geometry: { type: 'Point', coordinates: [-70, -30, 10] } };
}
