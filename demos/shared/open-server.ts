import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICES } from '../../spec/services/catalogue.ts';
import { controlService } from '../../spec/services/control.ts';
import { DemoError } from './demo-error.ts';

/** A server that a demo works with. */
export interface OpenServer extends AsyncDisposable {
  /** What it is called. */
  readonly title: string;
  readonly url: string;
  /** Whether it was started for this demo, and goes with it. Otherwise others may use it, too, and what a demo makes on it is to be removed. */
  readonly isOwn: boolean;
}

/**
 * Looks for a server: one that a variable names, else the one that `npm run services` has started. If there is none, it starts one, which ends with this
 * process.
 *
 * @throws DemoError if none is installed
 */
export async function openServer(name: 'kafka' | 'nats' | 'rabbitmq'): Promise<OpenServer> {
  const service = SERVICES.find((known) => known.name === name)!;
  const { title, urlVariable } = service;
  const found = process.env[urlVariable] ?? (await controlService(service).url());
  if (found !== undefined) return { title, url: found, isOwn: false, [Symbol.asyncDispose]: async () => undefined };

  const folder = await mkdtemp(join(tmpdir(), `millrace-${name}-`));
  const control = controlService(service, folder);
  async function remove(): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }
  if (!(await control.isInstalled())) {
    await remove();
    throw new DemoError(
      `Expected ${title} to be installed, or ${urlVariable} to say where one is, got neither. 'npm run services -- install ${name}' gets it, or says how.`,
    );
  }
  const url = await control.up({ SERVICE_OWNER: String(process.pid) });
  return {
    title,
    url,
    isOwn: true,
    async [Symbol.asyncDispose]() {
      await control.down();
      await remove();
    },
  };
}
