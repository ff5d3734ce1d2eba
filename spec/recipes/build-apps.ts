import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { openUserProject } from '../support/user-project.ts';

const run = promisify(execFile);

/** What the apps import besides the library and RxJS. */
const PACKAGES = [
  '@angular',
  '@sveltejs/vite-plugin-svelte',
  '@vitejs/plugin-react',
  '@vitejs/plugin-vue',
  'react',
  'react-dom',
  'svelte',
  'vite',
  'vue',
];

/** The apps, where a user has them: beside the library as it is built. */
export interface AppProject extends AsyncDisposable {
  /**
   * Builds one with Vite.
   *
   * @param mode - in development, frameworks look closer: React mounts everything twice
   * @returns the folder of its files
   */
  build(name: string, mode: 'development' | 'production'): Promise<string>;
}

export async function openAppProject(): Promise<AppProject> {
  const project = await openUserProject();
  const { folder } = project;
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await cp('spec/recipes/apps', join(folder, 'apps'), { recursive: true });
  for (const name of PACKAGES) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(resolve('node_modules', name), link);
  }
  return {
    async build(name, mode) {
      const site = join(folder, 'sites', `${name}-${mode}`);
      await run(resolve('node_modules/.bin/vite'), ['build', '--mode', mode, '--outDir', site, '--logLevel', 'warn'], {
        cwd: join(folder, 'apps', name),
        // vitest's own is neither.
        env: { ...process.env, NODE_ENV: mode },
      });
      return site;
    },
    [Symbol.asyncDispose]: async () => project[Symbol.asyncDispose](),
  };
}
