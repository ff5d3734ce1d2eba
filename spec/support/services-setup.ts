import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the servers of this run keep what is theirs. */
    readonly servicesFolder: string;
    /** The process that ends them: when it is gone, they go, too. */
    readonly servicesOwner: number;
  }
}

/** Gives a test run a folder for its servers, which specs start when they need them, and ends them with it. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-run-'));
  // The servers may run as another user, who must get through.
  await chmod(folder, 0o711);
  provide('servicesFolder', folder);
  provide('servicesOwner', process.pid);
  return async () => {
    for (const service of SERVICES) {
      const control = controlService(service, folder);
      if ((await control.status()) !== undefined) await control.down();
      const skipped = await skippedFor(join(folder, 'missing', service.name));
      if (skipped.length > 0) {
        console.warn(
          `\n Skipped, as ${service.title} is missing here: ${skipped.join(', ')}. 'npm run services -- install' gets it, or says how.`,
        );
      }
    }
    await rm(folder, { recursive: true, force: true });
  };
}

/** The spec files that have missed a server. */
async function skippedFor(folder: string): Promise<readonly string[]> {
  const notes = await readdir(folder).catch(() => []);
  const files = await Promise.all(notes.map((note) => readFile(join(folder, note), 'utf8')));
  return files.toSorted();
}
