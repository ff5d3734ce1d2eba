import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICES } from '../../services/catalogue.ts';
import { controlService } from '../../services/control.ts';

/** The servers of messages that rows need. */
export type ServerName = 'kafka' | 'nats' | 'rabbitmq';

/** A server for one row. */
export interface Server extends AsyncDisposable {
  /** Why there is none, if there is none. */
  readonly missing?: string;
}

/** Starts a server for a row, in a folder of its own, or takes the one that a variable names; and tells the contestants' processes where it is. */
export async function startServer(name: ServerName): Promise<Server> {
  const service = SERVICES.find((known) => known.name === name)!;
  const known = process.env[service.urlVariable];
  if (known !== undefined) return told(name, known);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  // The server may run as another user, who must get through.
  chmodSync(folder, 0o711);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // Also if it is broken off: the server ends by itself then, as its owner is gone.
  process.once('exit', remove);
  const control = controlService(service, folder);
  if (!(await control.isInstalled())) {
    return told(name, '', `${service.title} is not installed here; 'npm run services -- install' gets it, or says how`);
  }
  const url = await control.up({ SERVICE_OWNER: String(process.pid) });
  return {
    ...told(name, url),
    async [Symbol.asyncDispose]() {
      await control.down();
      process.off('exit', remove);
      remove();
    },
  };
}

/** Where the server of this row is, for a contestant's process. */
export function serverUrl(name: ServerName): string {
  const url = process.env[variableOf(name)];
  if (url === undefined) throw new Error(`Expected ${variableOf(name)} to be set, as spec/bench/main.ts does.`);
  return url;
}

function told(name: ServerName, url: string, missing?: string): Server {
  process.env[variableOf(name)] = url;
  return { ...(missing !== undefined && { missing }), async [Symbol.asyncDispose]() {} };
}

function variableOf(name: ServerName): string {
  return `MILLRACE_BENCH_${name.toUpperCase()}`;
}
