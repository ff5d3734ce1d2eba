import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** The package as npm would publish it, and projects of users in which it is installed, where nothing of this repository is near. */
export interface PackedPackage extends AsyncDisposable {
  /**
   * Makes a project, and installs the package in it.
   *
   * @param name - of its folder
   * @param source - the folder of which it is a copy; its package.json may ask for packages
   * @param packages - what else is installed
   * @returns its folder
   */
  install(name: string, source: string, packages: readonly string[]): Promise<string>;
}

/** Builds in a folder of its own: other specs may do so at the same time, and nobody's dist goes away meanwhile. */
export async function packPackage(): Promise<PackedPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-package-'));
  const remove = async (): Promise<void> => rm(folder, { recursive: true });
  const tarball = await pack(join(folder, 'millrace'), folder).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    async install(name, source, packages) {
      const project = join(folder, name);
      await cp(resolve(source), project, { recursive: true });
      const options = ['--prefer-offline', '--no-audit', '--no-fund'];
      await run('npm', ['install', ...options, tarball, ...packages], { cwd: project });
      return project;
    },
    [Symbol.asyncDispose]: remove,
  };
}

async function pack(stage: string, destination: string): Promise<string> {
  for (const part of PARTS) await cp(part, join(stage, part), { recursive: true });
  await symlink(resolve('node_modules'), join(stage, 'node_modules'));
  // It builds first.
  const packing = run('npm', ['pack', '--silent', '--pack-destination', destination], { cwd: stage });
  const { stdout } = await packing.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`Expected the library to be built and packed, got:\n${error.stdout}${error.stderr}`);
  });
  return join(destination, stdout.trim());
}

/** What the package is built of. */
const PARTS: readonly string[] = [
  'lib',
  'package.json',
  'tsconfig.json',
  'README.md',
  'LICENSE',
  'spec/package/build.js',
  'spec/package/node-doors.tsconfig.json',
];
