import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QuakeTable } from '../../demos/replay/quake-table.ts';
import { type Remains, summarize } from '../../demos/replay/summary.ts';
import { readWeek, since } from '../../demos/replay/week.ts';
import { QuakeReported } from '../../demos/shared/earthquakes/events.ts';
import { DemoRun } from '../support/demo-run.ts';
import { administer, kafkaUrl } from '../support/kafka.ts';

const QUAKES = 1_707;
const LATE = 14;

function runReplay(env: Readonly<Record<string, string>>, ...args: readonly string[]): DemoRun {
  return new DemoRun({ main: 'demos/main.ts', env }, 'replay', ...args);
}

describe.runIf(kafkaUrl)('the replay demo', { timeout: 120_000 }, () => {
  const env = { MILLRACE_KAFKA_URL: kafkaUrl! };

  it('gives a new group what happened since a time, another one everything, and both what comes then', async () => {
    const run = runReplay(env);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('A group begins for the first time, from Sun 04 Feb 00:00.');
    expect(run.output).toContain('It has 763 quakes. The strongest: M 6.4 22km NNE of Hualian, Taiwan.');
    expect(run.output).toMatch(/^ +CA +133 +92 +92 +317$/m);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');
    expect(run.handler('since')).toMatchObject({ dead: 0, pending: 0 });
    expect(run.handler('since').handled).toBeGreaterThanOrEqual(763);
    expect(run.handler('whole').handled).toBeGreaterThanOrEqual(QUAKES);
    expect(run.sum('in the topic, says Kafka')).toBe(QUAKES);
    expect(run.sum('from that time on, says Kafka')).toBe(763 + LATE);
    expect(run.sum('quakes of the first group')).toBe(763 + LATE);
    expect(run.sum('quakes of the second group')).toBe(QUAKES);
    expect(run.sum('new ones of the first group')).toBe(LATE);
    expect(run.sum('left in the topic')).toBe(0);
    expect(await remainsOnServer()).toStrictEqual([]);
  });

  it('ends, and removes what it has made, when it is stopped', async () => {
    const run = runReplay(env, '--from', '2018-02-05T12:00');
    await run.says('A group begins for the first time, from Mon 05 Feb 12:00.');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped: nothing is counted.');
    expect(await remainsOnServer()).toStrictEqual([]);
  });
});

describe.concurrent('the command line of the replay demo', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('says how to get Kafka where there is none', async () => {
    const run = runReplay({ MILLRACE_SERVICES_FOLDER: folder, KAFKA_LIBS: '/nowhere' });
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('Expected Kafka to be installed, or MILLRACE_KAFKA_URL to say where one is');
    expect(run.output).toContain('npm run services -- install kafka');
  });

  it.each([
    [
      ['--from', 'sunday'],
      "Expected --from to be a time from 2018-02-01 to 2018-02-06, such as 2018-02-04T12:00, got 'sunday'",
    ],
    [['--from', '2018-02-07'], "got '2018-02-07'"],
    [['--from', '2018-01-31T23:59'], "got '2018-01-31T23:59'"],
    [['--day', 'monday'], "Unknown option '--day'"],
  ])('refuses %j', async (args, text) => {
    const run = runReplay({}, ...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo replay -- --help');
  });

  it('explains its options', async () => {
    const run = runReplay({}, '--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--from', '--help']) expect(run.output).toContain(option);
  });
});

describe('the summary of the replay demo', () => {
  it('holds when each table is what the file says, also if quakes came twice', async () => {
    expect(await wrongOf()).toStrictEqual([]);
    expect(await wrongOf({ twice: 3 })).toStrictEqual([]);
  });

  it('finds a quake that is missing', async () => {
    expect(await wrongOf({ missing: 1 })).toContain('quakes of the first group');
    expect(await wrongOf({ missing: 1 })).toContain('  cells of its table');
  });

  it('finds a quake out of its order', async () => {
    expect(await wrongOf({ isReversed: true })).toStrictEqual(['  in order, region by region']);
  });

  it('finds that Kafka has another count, or something left', async () => {
    expect(await wrongOf({ inTopic: QUAKES - 1 })).toStrictEqual(['in the topic, says Kafka']);
    expect(await wrongOf({ unsettled: 1 })).toStrictEqual(['left in the topic']);
  });

  interface Found {
    readonly missing?: number;
    readonly twice?: number;
    readonly isReversed?: boolean;
    readonly inTopic?: number;
    readonly unsettled?: number;
  }

  async function remainsOf(found: Found): Promise<Remains> {
    const { missing = 0, twice = 0, isReversed = false, inTopic = QUAKES, unsettled = 0 } = found;
    const week = await readWeek();
    const from = Date.parse('2018-02-06');
    const wanted = since(week.all, from);
    const some = fill([...wanted.slice(missing), ...wanted.slice(0, twice)]);
    const all = fill(isReversed ? week.all.toReversed() : week.all);
    const taken = wanted.length - missing + twice + QUAKES;
    const life = { handled: taken, accepted: taken, redriven: 0, dead: 0, dropped: 0, pending: 0, name: 'all' };
    return {
      week,
      from,
      confirmed: QUAKES,
      some,
      all,
      news: { some: LATE, all: LATE },
      // As far as the summary reads it.
      lives: [life as Remains['lives'][number]],
      view: {
        events: async () => inTopic,
        eventsSince: async () => wanted.length,
        unsettled: async () => unsettled,
      },
    };
  }

  function fill(quakes: readonly Parameters<typeof QuakeReported.create>[0][]): QuakeTable {
    const table = new QuakeTable();
    for (const quake of quakes) table.handle(QuakeReported.create(quake));
    return table;
  }

  async function wrongOf(found: Found = {}): Promise<readonly string[]> {
    const { lines, holds } = await summarize(await remainsOf(found));
    const wrong = lines.filter((line) => line.startsWith('✗')).map((line) => line.slice(2).split(/(?<=\S) {2,}/)[0]!);
    expect(holds).toBe(wrong.length === 0);
    return wrong;
  }
});

/** The topics and groups of this demo. */
async function remainsOnServer(): Promise<readonly string[]> {
  return administer(async (admin) => {
    const { groups } = await admin.listGroups();
    const names = [...(await admin.listTopics()), ...groups.map(({ groupId }) => groupId)];
    return names.filter((name) => name.startsWith('replay-'));
  });
}
