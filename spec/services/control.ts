import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Service } from './catalogue.ts';

const run = promisify(execFile);

/** Where `npm run services` keeps its servers: one set for each user of a machine. */
const SERVICES_FOLDER: string =
  process.env['MILLRACE_SERVICES_FOLDER'] ?? join(tmpdir(), `millrace-services-${userInfo().username}`);

/** A server, by the folder that it has or would have, or a program. */
export interface ServiceControl {
  isInstalled(): Promise<boolean>;
  /** Gets what its script fetches. */
  fetch(): Promise<void>;
  /** Where it is, if it is up; or the file of a program, if it is installed. */
  url(): Promise<string | undefined>;
  /** Starts it, unless it is up; the environment is for its script. */
  up(environment?: Readonly<Record<string, string>>): Promise<string>;
  /** Ends it and starts it again, with its data, on its port. */
  restart(): Promise<void>;
  /** Ends what `up` has started, and removes its data. */
  down(): Promise<void>;
  /** Its process, in words; undefined if there is none, as for a program. */
  status(): Promise<string | undefined>;
}

/** Controls a server whose data is below `folder`. */
export function controlService({ name, script }: Service, folder: string = SERVICES_FOLDER): ServiceControl {
  const file = fileURLToPath(new URL(script, import.meta.url));

  async function call(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const env = { ...process.env, ...environment, SERVICE_DIR: join(folder, name) };
    const { stdout } = await run('bash', [file, ...args], { env });
    return stdout.trim();
  }

  async function ask(question: string): Promise<string | undefined> {
    return call([question]).catch(() => undefined);
  }

  return {
    isInstalled: async () => (await ask('installed')) !== undefined,
    async fetch() {
      await call(['fetch']);
    },
    url: async () => ask('url'),
    async up(environment) {
      // The server may run as another user, who must get through.
      await mkdir(folder, { recursive: true, mode: 0o755 });
      return call(['up'], environment);
    },
    async restart() {
      await call(['restart']);
    },
    async down() {
      await call(['down', '--purge']);
    },
    status: async () => ask('status'),
  };
}
