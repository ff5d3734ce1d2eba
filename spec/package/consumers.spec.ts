import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedPackage, packPackage, run } from '../support/packed-package.ts';

const consumer = 'spec/package/consumer';
const said = `A-1\ntrue [ 40 ]\n`;

describe('a project of a user', { timeout: 300_000 }, () => {
  let packed: PackedPackage;

  beforeAll(async () => {
    packed = await packPackage();
  }, 300_000);

  afterAll(async () => packed?.[Symbol.asyncDispose]());

  it.each(['7.0.2', '5.9.3'])('compiles and runs with TypeScript %s in strict NodeNext mode', async (version) => {
    const project = await packed.install(`typescript-${version}`, consumer, ['rxjs@7', `typescript@${version}`]);
    await compile(project, { module: 'NodeNext', outDir: 'out' });
    const { stdout } = await run(process.execPath, ['out/main.js'], { cwd: project });
    expect(stdout).toBe(said);
  });

  it('is built by Vite for the browser', async () => {
    const project = await packed.install('vite', consumer, ['rxjs@7', 'typescript@7.0.2', 'vite@8']);
    await compile(project, { module: 'ESNext', moduleResolution: 'Bundler', noEmit: true });
    expect(await runInPage(project)).toBe(said);
  });

  it('has its tests in a browser, too', async () => {
    const kit = ['rxjs-marbles@7', '@sinonjs/fake-timers@15', 'fast-check@4'];
    const project = await packed.install('test-page', 'spec/package/test-page', ['rxjs@7', 'vite@8', ...kit]);
    expect(await runInPage(project)).toBe(
      [
        '20 ms',
        'ms              0    5    10   15   20',
        'user.signed_up  a--------------------',
        'welcome-mail    a~~~~x---------2~~~~|',
        '',
      ].join('\n'),
    );
  });

  describe('without an optional peer', () => {
    let project: string;

    beforeAll(async () => {
      project = await packed.install('peers', consumer, ['rxjs@7', 'rxjs-marbles@7', '@sinonjs/fake-timers@15']);
    }, 300_000);

    const openPostgres = `const { postgresEventStore } = await import('millrace/postgres'); await postgresEventStore({ connect: {} });`;
    const openNats = `const { natsBroker } = await import('millrace/nats'); await natsBroker({ connect: {} });`;
    const openRabbitMq = `const { rabbitMqBroker } = await import('millrace/rabbitmq'); await rabbitMqBroker({ connect: { url: 'amqp://localhost' } });`;
    const openSqlite = `const { sqliteEventStore } = await import('millrace/sqlite'); await sqliteEventStore({ path: ':memory:', driver: 'libsql' });`;
    const explore = `const { explore } = await import('millrace/testing'); await explore(() => {});`;
    it.each([
      { peer: 'rxjs-marbles', code: `await import('millrace/testing');`, error: `Cannot find package 'rxjs-marbles'` },
      {
        peer: '@sinonjs/fake-timers',
        code: `await import('millrace/testing');`,
        error: `Cannot find package '@sinonjs/fake-timers'`,
      },
      { peer: 'fast-check', code: explore, error: 'TestFailure: Expected fast-check' },
      { peer: 'pg', code: openPostgres, error: "InvalidOptionError: Expected the package 'pg' for connect, got none." },
      {
        peer: '@nats-io/transport-node',
        code: openNats,
        error: "InvalidOptionError: Expected the package '@nats-io/transport-node' for connect, got none.",
      },
      {
        peer: '@opentelemetry/api',
        code: `await import('millrace/otel');`,
        error: `Cannot find package '@opentelemetry/api'`,
      },
      {
        peer: 'amqplib',
        code: openRabbitMq,
        error: "InvalidOptionError: Expected the package 'amqplib' for connect, got none.",
      },
      { peer: 'libsql', code: openSqlite, error: "InvalidOptionError: Expected the package 'libsql', got none" },
      { peer: 'vitest', code: `await import('millrace/testing/vitest');`, error: `Cannot find package 'vitest'` },
    ])('$peer, only what needs it fails, and names it', async ({ peer, code, error }) => {
      const [home, away] = [join(project, 'node_modules', peer), join(project, 'away')];
      const wasThere = await rename(home, away).then(
        () => true,
        () => false,
      );
      expect(await errorOf(project, `await import('millrace');`)).toBe('');
      expect(await errorOf(project, code)).toContain(error);
      if (!wasThere) return;
      await rename(away, home);
      expect(await errorOf(project, code)).toBe('');
    });
  });

  async function compile(project: string, options: object): Promise<void> {
    const least = { target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], strict: true, skipLibCheck: false };
    const tsconfig = { compilerOptions: { ...least, ...options }, include: ['main.ts'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
    const errors = await run('npx', ['tsc'], { cwd: project }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(errors).toBe('');
  }
});

/** Builds a page by Vite, and runs its script where Node's globals are gone. @returns what it writes to the console */
async function runInPage(project: string): Promise<string> {
  await run('npx', ['vite', 'build', '--target', 'es2022'], { cwd: project });
  const script = (await readdir(join(project, 'dist/assets'))).find((name) => name.startsWith('index'))!;
  // What Vite itself puts in front of the script asks for a document. Open channels keep no page alive, but Node.
  const page = `
    const { exit } = process;
    globalThis.window = globalThis.self = globalThis;
    globalThis.document = { createElement: () => ({ relList: { supports: () => true } }) };
    for (const name of ['process', 'Buffer', 'global', 'setImmediate', 'clearImmediate']) delete globalThis[name];
    await import('./dist/assets/${script}');
    exit();`;
  await writeFile(join(project, 'page.js'), page);
  const { stdout } = await run(process.execPath, ['page.js'], { cwd: project, timeout: 30_000 });
  return stdout;
}

/** What a module writes to standard error. */
async function errorOf(project: string, code: string): Promise<string> {
  return run(process.execPath, ['--input-type=module', '--eval', code], { cwd: project }).then(
    ({ stderr }) => stderr,
    ({ stderr }: { stderr: string }) => stderr,
  );
}
