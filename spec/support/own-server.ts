import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';

/** A server for one spec, which may kill it. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  /** Kills it, and resolves when it is gone; what it had on its disk is there still. */
  kill(): Promise<void>;
  /** Starts it again with its data, on its port, and resolves when it answers. */
  start(): Promise<void>;
}

/**
 * Starts a server. If none is installed, undefined; with `CI=true` that is a failure.
 *
 * @param environment - for the script that starts it
 */
export async function openOwnServer(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<OwnServer | undefined> {
  const service = SERVICES.find((known) => known.name === name)!;
  const folder = join(inject('servicesFolder'), `own-${randomBytes(4).toString('hex')}`);
  const control = controlService(service, folder);
  if (!(await control.isInstalled())) {
    if (process.env['CI'] !== 'true') return undefined;
    throw new Error(`Expected ${service.title} to be installed where CI is true. Run 'npm run services -- install'.`);
  }
  const url = await control.up({ ...environment, SERVICE_OWNER: String(inject('servicesOwner')) });
  return {
    url,
    async kill() {
      const pid = Number(/pid (\d+)/u.exec((await control.status()) ?? '')?.[1]);
      process.kill(pid, 'SIGKILL');
      while ((await control.status()) !== undefined) await sleep(20);
    },
    start: () => control.restart(),
    [Symbol.asyncDispose]: () => control.down(),
  };
}
