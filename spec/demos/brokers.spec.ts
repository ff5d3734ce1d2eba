import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUpRequest } from '../../demos/sign-up/events.ts';
import { DemoRun } from '../support/demo-run.ts';
import { kafkaUrl } from '../support/kafka.ts';
import { natsUrl } from '../support/nats.ts';
import { rabbitMqUrl } from '../support/rabbitmq.ts';

/** Fewer than there are, as each run has four processes. */
const LINES = 100;

describe('the brokers demo', { timeout: 120_000 }, () => {
  let folder: string;
  /** How many lines of the file are those of somebody who has not signed up before. */
  let signUps: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brokers-spec-'));
    const all = (await readFile('demos/data/sign-ups.ndjson', 'utf8')).trimEnd().split('\n');
    const nobody = all.filter((line) => line.includes('nobody@'));
    const lines = [...nobody, ...all.filter((line) => !line.includes('nobody@'))].slice(0, LINES);
    signUps = new Set(lines.map((line) => emailOf(line)).filter((email) => email !== undefined)).size;
    await writeFile(join(folder, 'sign-ups.ndjson'), lines.join('\n'));
  });

  function runBrokers(env: Readonly<Record<string, string>>, ...args: readonly string[]): DemoRun {
    const file = join(folder, 'sign-ups.ndjson');
    return new DemoRun({ main: 'demos/main.ts', env }, 'brokers', '--rate', '100', '--file', file, ...args);
  }

  /** What is the same whoever is killed, and whatever is in between. */
  function expectAll(run: DemoRun): void {
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('✗');
    expect(run.sum('lines sent')).toBe(LINES);
    for (const sum of ['sign-ups confirmed', 'mails in mailboxes', 'the same sign-ups']) {
      expect(run.sum(sum)).toBe(signUps);
    }
    expect(run.sum('dead letters on the broker')).toBeGreaterThan(0);
    expect(run.output).toContain(`${signUps} = ${signUps} mailed`);
    expect(run.output).toContain(`${signUps} = ${signUps} audited`);
    expect(run.output).toMatch(/[1-9]\d* handled when redriven/);
  }

  afterAll(async () => rm(folder, { recursive: true }));

  it('mails and audits every sign-up with a broker in memory, though a bus is abandoned', async () => {
    const out = join(folder, 'memory');
    const run = runBrokers({}, '--out', out);
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('A broker in memory ends with its process, so the three are in this one');
    expect(run.output).toMatch(/^mail +2 +1 +\d+/m);
    expect(run.output).toMatch(/Dead letter: mail of u-\w+, rejected: .*550 No such mailbox/);
    expect(run.sum('events on the broker')).toBe(signUps);
    expectAll(run);
    const [, file] = /The audit log is (.+)$/m.exec(run.output)!;
    expect(file!.startsWith(out)).toBe(true);
    expect((await readFile(file!, 'utf8')).split('\n').length - 1).toBe(run.sum('lines in the audit log'));
  });

  // Everywhere it is another process that is killed.
  it.runIf(natsUrl)('mails and audits every sign-up across NATS, though who takes them is killed', async () => {
    const run = runBrokers({ MILLRACE_NATS_URL: natsUrl! }, '--with', 'nats', '--kill', 'web');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toMatch(/^web +2 +1\b/m);
    expect(run.output).toContain('Started again: web.');
    // Also if one was published again: it is known by its id.
    expect(run.sum('events on the broker')).toBe(signUps);
    expectAll(run);
  });

  it.runIf(rabbitMqUrl)('mails and audits every sign-up across RabbitMQ, though the audit is killed', async () => {
    const run = runBrokers({ MILLRACE_RABBITMQ_URL: rabbitMqUrl! }, '--with', 'rabbitmq', '--kill', 'audit');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toMatch(/^audit +2 +1\b/m);
    // Without the user and the password of its URL.
    expect(run.output).toMatch(/^broker {2}RabbitMQ, which was up, at [\w.]+:\d+$/m);
    expect(run.sum('events on the broker')).toBe(signUps);
    expectAll(run);
  });

  it.runIf(kafkaUrl)('mails and audits every sign-up across Kafka, though the mailer is killed', async () => {
    const run = runBrokers({ MILLRACE_KAFKA_URL: kafkaUrl! }, '--with', 'kafka');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toMatch(/^mail +2 +1\b/m);
    expect(run.sum('events on the broker')).toBe(signUps);
    expectAll(run);
  });

  it.runIf(natsUrl)('starts a server if none is up, and ends it, and all processes, when it is stopped', async () => {
    // Everything that it starts has this folder in its command line.
    const own = join(folder, 'own');
    await mkdir(own);
    const run = runBrokers({ MILLRACE_SERVICES_FOLDER: own, TMPDIR: own }, '--with', 'nats', '--rate', '10');
    await run.says('All three are ready.');
    expect(await processesWith(own)).toHaveLength(4);
    await run.says('confirmed; ');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('nats-server, started for this demo');
    expect(run.output).toContain('Stopped: no more sign-ups.');
    expect(run.output).toContain('All sums hold.');
    expect(run.sum('lines sent')).toBeLessThan(LINES);
    expect(await processesWith(own)).toStrictEqual([]);
  });

  it.concurrent('says how to get a server where there is none', async () => {
    const env = { MILLRACE_SERVICES_FOLDER: join(folder, 'none'), NATS_BIN: '/nowhere' };
    const run = runBrokers(env, '--with', 'nats');
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('Expected nats-server to be installed, or MILLRACE_NATS_URL to say where one is');
    expect(run.output).toContain('npm run services -- install nats');
  });

  it.concurrent.each([
    [['--with', 'pigeons'], "Expected --with to be one of nats, kafka, rabbitmq, memory, got 'pigeons'"],
    [['--kill', 'all'], "Expected --kill to be one of web, mail, audit, got 'all'"],
    [['--rate', '0'], 'Expected --rate to be a number from 0.1 to 1000'],
    [['--file', '/no/such/file'], 'Expected --file to be a file that can be read'],
    [['--out', '/dev/null/out'], 'Expected --out to be a folder'],
    [['--kills', '3'], "Unknown option '--kills'"],
  ])('refuses %j', async (args, text) => {
    const run = runBrokers({}, ...args);
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain(text);
    expect(run.output).toContain('Try: npm run demo brokers -- --help');
  });

  it.concurrent('explains its options', async () => {
    const run = runBrokers({}, '--help');
    expect(await run.exitCode()).toBe(0);
    for (const option of ['--with', '--kill', '--file', '--rate', '--seed', '--out', '--help']) {
      expect(run.output).toContain(option);
    }
  });
});

/** Whose sign-up a line is, if it is one. */
function emailOf(line: string): string | undefined {
  try {
    return signUpRequest.safeParse(JSON.parse(line)).data?.email;
  } catch {
    return undefined;
  }
}

/** The command lines of processes that have a text in them. */
async function processesWith(text: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(text));
}
