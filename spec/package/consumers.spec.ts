import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const said = `A-1\ntrue [ 40 ]\n`;

// The package as npm would publish it, installed from its tarball where nothing of this repository is near.
describe('a project of a user', { timeout: 300_000 }, () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-consumers-'));
    await run('npm', ['run', 'build']);
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder]);
    tarball = join(folder, stdout.trim());
  }, 300_000);

  afterAll(async () => rm(folder, { recursive: true }));

  it.each(['7.0.2', '5.9.3'])('compiles and runs with TypeScript %s in strict NodeNext mode', async (version) => {
    const project = await install(`typescript-${version}`, ['rxjs@7', `typescript@${version}`]);
    await compile(project, { module: 'NodeNext', outDir: 'out' });
    const { stdout } = await run(process.execPath, ['out/main.js'], { cwd: project });
    expect(stdout).toBe(said);
  });

  it('is built by Vite for the browser', async () => {
    const project = await install('vite', ['rxjs@7', 'typescript@7.0.2', 'vite@8']);
    await compile(project, { module: 'ESNext', moduleResolution: 'Bundler', noEmit: true });
    await run('npx', ['vite', 'build'], { cwd: project });
    const [script, ...others] = await readdir(join(project, 'dist/assets'));
    expect(others).toStrictEqual([]);
    // Built for the browser, it asks for nothing that Node lacks but what Vite itself puts in front of it.
    const page = `globalThis.document = { createElement: () => ({ relList: { supports: () => true } }) };`;
    await writeFile(join(project, 'page.js'), `${page} await import('./dist/assets/${script}');`);
    const { stdout } = await run(process.execPath, ['page.js'], { cwd: project });
    expect(stdout).toBe(said);
  });

  async function install(name: string, packages: string[]): Promise<string> {
    const project = join(folder, name);
    await cp(resolve('spec/package/consumer'), project, { recursive: true });
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
    const options = ['--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, tarball, ...packages], { cwd: project });
    return project;
  }

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
