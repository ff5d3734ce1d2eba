import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { postgresUrl } from '../support/postgres.ts';
import { SERVICES } from './catalogue.ts';
import { controlService } from './control.ts';

const run = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-services-spec-'));
  await chmod(folder, 0o711);
});

afterAll(async () => {
  await services(['down']);
  await rm(folder, { recursive: true });
});

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run services` does, with a folder of its own. */
async function services(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Said> {
  const command = ['--tsconfig', 'spec/tsconfig.json', 'spec/services/main.ts', ...args];
  return say('node_modules/.bin/tsx', command, { ...process.env, MILLRACE_SERVICES_FOLDER: folder, ...environment });
}

async function say(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Said> {
  return run(program, args, { env }).then(
    (said) => ({ code: 0, ...said }),
    (error: Error & Said) => error,
  );
}

/** Where nothing is installed. */
const nowhere = { PG_BIN: '/nowhere', CHROMIUM_BIN: '/nowhere' };

const isInstalled = postgresUrl !== undefined && process.env['MILLRACE_POSTGRES_URL'] === undefined;

describe.skipIf(!isInstalled)('npm run services', () => {
  it('starts a server on loopback only, uses it again, says where it is, and ends it with its data', async () => {
    const { stdout: first } = await services(['up', 'postgres']);
    expect(first).toMatch(/^MILLRACE_POSTGRES_URL=postgres:\/\/test@127\.0\.0\.1:\d+\/test\n$/);
    const url = first.trim().slice('MILLRACE_POSTGRES_URL='.length);
    const begun = await ask(url, 'select pg_postmaster_start_time()::text');
    expect(await ask(url, 'show listen_addresses')).toBe('127.0.0.1');
    expect(await ask(url, 'show unix_socket_directories')).toBe('');
    expect(await ask(url, 'show fsync')).toBe('on');

    expect((await services(['up', 'postgres'])).stdout).toBe(first);
    expect(await ask(url, 'select pg_postmaster_start_time()::text')).toBe(begun);

    const { stdout: status } = await services(['status', 'postgres']);
    expect(status).toMatch(new RegExp(`^postgres: up, pid \\d+, ${url}\n$`));
    const pid = Number(/pid (\d+)/.exec(status)![1]);
    expect(await ask(url, `select pg_read_file('postmaster.pid')`)).toMatch(new RegExp(`^${pid}\n`));

    expect((await services(['down', 'postgres'])).stdout).toBe(`postgres: ended pid ${pid}\n`);
    await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
    expect((await services(['status', 'postgres'])).stdout).toBe('postgres: down\n');
  });

  it('ends a server whose owner was killed, with its data', async () => {
    const owner = spawn('sleep', ['60']);
    const service = SERVICES.find(({ name }) => name === 'postgres')!;
    const control = controlService(service, join(folder, 'owned'));
    const url = await control.up({ SERVICE_OWNER: String(owner.pid) });
    expect(await ask(url, 'select 1::text')).toBe('1');
    owner.kill('SIGKILL');
    await vi.waitFor(async () => expect(existsSync(join(folder, 'owned', 'postgres'))).toBe(false), 10_000);
    await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves the server of the test run alone', async () => {
    await services(['down']);
    expect(await ask(postgresUrl!, 'select 1::text')).toBe('1');
  });

  it('ends nothing, if nothing is up', async () => {
    expect(await services(['down', 'postgres'])).toMatchObject({ code: 0, stdout: 'postgres: was not up\n' });
  });

  it('has nothing to install', async () => {
    expect(await services(['install', 'postgres'])).toMatchObject({ code: 0, stdout: 'PostgreSQL: installed\n' });
  });
});

describe('npm run services, for a program', () => {
  const program = { CHROMIUM_BIN: process.execPath };

  it('says which file it is, and has nothing to keep up or to end', async () => {
    expect(await services(['status', 'chromium'], program)).toMatchObject({
      code: 0,
      stdout: `chromium: installed, ${process.execPath}\n`,
    });
    expect((await services(['up', 'chromium'], program)).stdout).toBe(`MILLRACE_CHROMIUM=${process.execPath}\n`);
    expect(await services(['down', 'chromium'], program)).toMatchObject({ code: 0, stdout: '' });
    expect((await services(['install', 'chromium'], program)).stdout).toBe('Chromium: installed\n');
  });

  it('says on up how to get it, and of no container', async () => {
    const { code, stderr } = await services(['up', 'chromium'], nowhere);
    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        'Chromium: not installed. On Debian or Ubuntu:',
        '  sudo apt-get install -y --no-install-recommends chromium',
        'or say which file it is: MILLRACE_CHROMIUM\n',
      ].join('\n'),
    );
  });
});

describe('npm run services, where nothing is installed', () => {
  it('says on up how to get it', async () => {
    const { code, stderr } = await services(['up', 'postgres'], nowhere);
    expect(code).toBe(1);
    expect(stderr).toContain('sudo apt-get install -y --no-install-recommends postgresql\n');
    expect(stderr).toContain('docker compose -f spec/services/compose.yaml up -d postgres');
  });

  it('names no container for what specs start by themselves', async () => {
    const { code, stderr } = await services(['up', 'prometheus'], { PROMETHEUS_BIN: '/nowhere' });
    expect(code).toBe(1);
    expect(stderr).toContain('sudo apt-get install -y --no-install-recommends prometheus\n');
    expect(stderr).not.toContain('docker');
    expect(stderr).not.toContain('MILLRACE_PROMETHEUS_URL');
  });

  it('says that it is not installed', async () => {
    expect((await services(['status', 'postgres'], nowhere)).stdout).toBe('postgres: not installed\n');
  });
});

describe('a test run, where nothing is installed', () => {
  const needs = [
    { title: 'PostgreSQL', spec: 'spec/postgres/events.spec.ts' },
    { title: 'Chromium', spec: 'spec/indexeddb/chromium.spec.ts' },
  ];

  it.each(needs)('skips the specs that need $title, and names them in the end', async ({ title, spec }) => {
    const { code, stdout, stderr } = await testRun(spec, '');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Tests.* \d+ skipped/);
    expect(stderr).toContain(`Skipped, as ${title} is missing here: ${spec}. 'npm run services -- install' gets it`);
  });

  it.each(needs)('fails in CI without $title', async ({ title, spec }) => {
    const { code, stderr } = await testRun(spec, 'true');
    expect(code).toBe(1);
    expect(stderr).toContain(`Expected ${title} to be installed where CI is true.`);
  });

  async function testRun(spec: string, ci: string): Promise<Said> {
    const { MILLRACE_POSTGRES_URL: _, MILLRACE_CHROMIUM: __, ...rest } = process.env;
    const env = { ...rest, ...nowhere, CI: ci, NO_COLOR: '1', MILLRACE_SERVICES_FOLDER: folder };
    return say('node_modules/.bin/vitest', ['run', '--typecheck.enabled=false', spec], env);
  }
});

it('refuses what it does not know', async () => {
  expect(await services(['start'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      "Expected install, up, down, status, and names of chromium, kafka, nats, postgres, prometheus, rabbitmq or none; got 'start'.",
    ),
  });
  expect(await services(['up', 'oracle'])).toMatchObject({ code: 1, stderr: expect.stringContaining('got oracle.') });
});

async function ask(url: string, question: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: question, rowMode: 'array' });
    return rows[0]![0];
  } finally {
    await client.end();
  }
}
