import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EventsEndpointStats } from 'millrace/bridge';

/** What the server is to do before it answers. */
export interface Asked {
  /** Readings to emit. */
  readonly flood?: number;
  /** To emit as an event that is on no list. */
  readonly secret?: string;
}

/** How it stands with the server. */
export interface Report extends Pick<
  EventsEndpointStats,
  'clients' | 'cut' | 'gaps' | 'received' | 'refused' | 'sent'
> {
  /** Bytes. */
  readonly rss: number;
  /** Bytes that are in use, buffers included. */
  readonly heap: number;
  /** The notes that were handled. */
  readonly notes: readonly unknown[];
  /** Events that were handled and are on no list. */
  readonly secrets: number;
  /** Whether all objects have got a property of a stranger's. */
  readonly isPolluted: boolean;
}

/** What the server says. */
export type Told = Report | { readonly port: number };

/** A server to be attacked. */
export class AttackedServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<AttackedServer> {
    const child = fork(fileURLToPath(new URL('attacked.ts', import.meta.url)), {
      execArgv: ['--expose-gc', '--import', 'tsx'],
      env: { ...process.env, TSX_TSCONFIG_PATH: 'spec/tsconfig.json' },
    });
    const ended = once(child, 'exit').then(([code]: unknown[]) => {
      throw new Error(`Expected a server, got exit code ${String(code)}.`);
    });
    const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
    ended.catch(() => undefined);
    return new AttackedServer(child, port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/events`;
  }

  /** Has it do something, and asks how it stands then. */
  async ask(asked: Asked = {}): Promise<Report> {
    const told = once(this.#child, 'message');
    this.#child.send(asked);
    const [report] = (await told) as [Report];
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
