import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { type Service, SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';

/**
 * Where a server is: one that a variable names, else the one that `npm run services` has started, else one that is started for this test run. If none is
 * installed, undefined, and the run's summary names the spec; with `CI=true` that is a failure.
 *
 * @param environment - for the script that starts it
 */
export async function serviceUrl(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const service = SERVICES.find((known) => known.name === name)!;
  const url = process.env[service.urlVariable] ?? (await controlService(service).url());
  if (url !== undefined) return url;
  const folder = inject('servicesFolder');
  const control = controlService(service, folder);
  if (await control.isInstalled()) {
    const owner = { SERVICE_OWNER: String(inject('servicesOwner')) };
    return inTurn(join(folder, `${name}-turn`), async () => control.up({ ...environment, ...owner }));
  }
  await noteMissing(service);
  return undefined;
}

/** Whether a server can be started here. If not, the run's summary names the spec; with `CI=true` that is a failure. */
export async function isServiceInstalled(name: string): Promise<boolean> {
  const service = SERVICES.find((known) => known.name === name)!;
  if (await controlService(service).isInstalled()) return true;
  await noteMissing(service);
  return false;
}

async function noteMissing({ name, title }: Service): Promise<void> {
  if (process.env['CI'] === 'true') {
    throw new Error(`Expected ${title} to be installed where CI is true. Run 'npm run services -- install'.`);
  }
  const notes = join(inject('servicesFolder'), 'missing', name);
  await mkdir(notes, { recursive: true });
  await writeFile(join(notes, randomUUID()), relative('.', expect.getState().testPath ?? 'a spec'));
}

/** Starts it once, though spec files of several processes ask at the same time. */
async function inTurn(turn: string, start: () => Promise<string>): Promise<string> {
  const isFirst = await mkdir(turn).then(
    () => true,
    () => false,
  );
  if (!isFirst) return waitForUrl(turn);
  const url = await start().catch(async (error: unknown) => {
    await writeFile(join(turn, 'failed'), String(error));
    throw error;
  });
  await writeFile(join(turn, 'url'), url);
  return url;
}

async function waitForUrl(turn: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 50) {
    const url = await readFile(join(turn, 'url'), 'utf8').catch(() => '');
    if (url !== '') return url;
    const failure = await readFile(join(turn, 'failed'), 'utf8').catch(() => '');
    if (failure !== '') throw new Error(failure);
    await sleep(50);
  }
  throw new Error(`Expected a server within a minute, got none in ${turn}.`);
}
