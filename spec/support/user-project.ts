import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A project in which the library is as it is built, without what needs Node. */
export interface UserProject extends AsyncDisposable {
  readonly folder: string;
  /** The folder of the library in it. */
  readonly library: string;
}

/** Builds in a folder of its own: other specs may do so at the same time, and nobody's dist goes away meanwhile. */
export async function openUserProject(): Promise<UserProject> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-user-'));
  const library = join(folder, 'node_modules/millrace');
  await mkdir(library, { recursive: true });
  await cp('package.json', join(library, 'package.json'));
  await symlink(resolve('node_modules/rxjs'), join(folder, 'node_modules/rxjs'));
  await run('node_modules/.bin/tsc', ['--project', '.', '--outDir', join(library, 'dist')]);
  return { folder, library, [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }) };
}
