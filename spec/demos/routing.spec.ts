import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archive, headerDesks, Heard, topicDesks } from '../../demos/routing/desks.ts';
import { type Remains, summarize } from '../../demos/routing/summary.ts';
import { magnitudeOf, placeOf, regionOf } from '../../demos/shared/earthquakes/events.ts';
import { readQuakes } from '../../demos/shared/earthquakes/quakes.ts';
import { DemoRun } from '../support/demo-run.ts';
import { rabbitMqUrl } from '../support/rabbitmq.ts';

const QUAKES = 1_707;
const STRONG = 4.5;

function runRouting(env: Readonly<Record<string, string>>, ...args: readonly string[]): DemoRun {
  return new DemoRun({ main: 'demos/main.ts', env }, 'routing', ...args);
}

describe.runIf(rabbitMqUrl)('the routing demo', { timeout: 120_000 }, () => {
  const env = { MILLRACE_RABBITMQ_URL: rabbitMqUrl! };

  it('brings each desk what it wants, by topics and by headers, and redrives what the pager could not handle', async () => {
    const run = runRouting(env);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');
    expect(run.sum('alerts confirmed')).toBe(QUAKES);
    expect(run.sum('strong ones, says RabbitMQ')).toBe(85);
    expect(run.sum('with nobody there, says RabbitMQ')).toBe(150);
    expect(run.sum('heard by pager')).toBe(85);
    expect(run.sum('heard by alaska')).toBe(311);
    expect(run.sum('heard by alaska-strong')).toBe(1);
    expect(run.sum('heard by archive')).toBe(1_509);
    for (const { name } of headerDesks) expect(run.sum(`heard by ${name}`)).toBeGreaterThan(0);
    expect(run.sum('dead letters')).toBe(20);
    expect(run.handler('pager')).toMatchObject({ redriven: 20, dead: 20, pending: 0 });
    expect(run.output).toMatch(
      /pager: quake\.taiwan\.strong, .* Taiwan; exhausted after 2 attempts .*The line to Taiwan is cut/,
    );
    expect(run.output).toContain('they are redriven: 20 handled, 0 dead again.');
  });

  it('calls strong what it is told to', async () => {
    const run = runRouting(env, '--strong', '6');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    const strong = (await readQuakes()).filter((quake) => magnitudeOf(quake) >= 6);
    expect(run.sum('heard by pager')).toBe(strong.length);
    expect(run.sum('dead letters')).toBe(strong.filter((quake) => regionOf(placeOf(quake)) === 'Taiwan').length);
  });

  it('finishes what is pending when it is stopped, and the sums hold of that', async () => {
    const run = runRouting(env);
    await run.says('The first day:');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('Stopped: no more alerts.');
    expect(run.output).toContain('All sums hold.');
    expect(run.sum('alerts confirmed')).toBeLessThan(QUAKES);
  });
});

describe.concurrent('the command line of the routing demo', { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'routing-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it.each([
    [['--strong', '2'], "Expected --strong to be a magnitude from 3 to 9, got '2'"],
    [['--strong', 'very'], "got 'very'"],
    [['--weak', '3'], "Unknown option '--weak'"],
  ])('refuses %j', async (args, text) => {
    const run = runRouting({}, ...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo routing -- --help');
  });

  it('explains its options', async () => {
    const run = runRouting({}, '--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--strong', '--help']) expect(run.output).toContain(option);
  });
});

describe('the summary of the routing demo', () => {
  it('holds when each desk has heard what it wants, also if something came twice', async () => {
    expect(await wrongOf({})).toStrictEqual([]);
    expect(await wrongOf({ twice: 2 })).toStrictEqual([]);
  });

  it('finds what a desk has not heard, or should not have', async () => {
    expect(await wrongOf({ lost: 1 })).toStrictEqual(['heard by alaska']);
    expect(await wrongOf({ lost: -1 })).toStrictEqual(['heard by alaska']);
  });

  it('finds that RabbitMQ has other counts, a letter that is missing, and what is left', async () => {
    expect(await wrongOf({ unhandled: 1 })).toStrictEqual(['with nobody there, says RabbitMQ']);
    expect(await wrongOf({ strong: 84 })).toStrictEqual(['strong ones, says RabbitMQ']);
    expect(await wrongOf({ all: 1 })).toStrictEqual(['since the archive, says RabbitMQ']);
    expect(await wrongOf({ redriven: 19 })).toStrictEqual(['of them redriven']);
    expect(await wrongOf({ waiting: 1 })).toStrictEqual(['left in the queues']);
  });

  interface Found {
    readonly lost?: number;
    readonly twice?: number;
    readonly unhandled?: number;
    readonly strong?: number;
    readonly all?: number;
    readonly redriven?: number;
    readonly waiting?: number;
  }

  async function remainsOf(found: Found): Promise<Remains> {
    const { lost = 0, twice = 0, unhandled = 0, strong = 85, all = 0, redriven = 20, waiting = 0 } = found;
    const quakes = await readQuakes();
    const heard = new Heard();
    heard.repeated = twice;
    const desks = [...topicDesks, archive, ...headerDesks].map((desk) => {
      const wanted = quakes.filter((quake) => desk.wants(quake, STRONG)).length;
      const count = wanted - (desk.name === 'alaska' ? lost : 0);
      for (let index = 0; index < count; index++) heard.add(desk.name, { id: String(index) });
      const handled = count + (desk.name === 'archive' ? twice : 0);
      const stats = { name: desk.name, accepted: handled, redriven: 0, handled, dead: 0, dropped: 0, pending: 0 };
      // As far as the summary reads it.
      return { desk, wanted, stats: stats as Remains['office']['desks'][number]['stats'] };
    });
    // As many as there are strong ones in Taiwan.
    const letters = Array.from({ length: 20 }, () => ({}) as Remains['letters'][number]);
    return {
      strong: STRONG,
      quakes,
      first: { confirmed: QUAKES, unhandled, unwanted: 0 },
      others: { confirmed: 0, unhandled: 0, unwanted: 0 },
      office: { desks, heard, letters: async () => [] },
      letters,
      redrive: { redriven, handled: redriven, dead: 0, dropped: 0, skipped: 0 },
      exchanges: { strong: async () => strong, all: async () => all, waiting: async () => waiting },
    };
  }

  async function wrongOf(found: Found): Promise<readonly string[]> {
    const { lines, holds } = await summarize(await remainsOf(found));
    const wrong = lines.filter((line) => line.startsWith('✗')).map((line) => line.slice(2).split(/ {2,}/)[0]!);
    expect(holds).toBe(wrong.length === 0);
    return wrong;
  }
});
