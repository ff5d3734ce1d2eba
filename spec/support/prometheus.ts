import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type OwnServer, openOwnServer } from './own-server.ts';
import { isServiceInstalled } from './services.ts';

/** Whether Prometheus and its promtool are here. */
export const hasPrometheus: boolean = await isServiceInstalled('prometheus');

/** One series, as an instant query finds it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that is pending or firing. */
export interface ActiveAlert {
  readonly name: string;
  readonly state: 'firing' | 'pending';
  readonly labels: Readonly<Record<string, string>>;
}

/** A Prometheus of one spec. */
export class OwnPrometheus implements AsyncDisposable {
  readonly #server: OwnServer;

  private constructor(server: OwnServer) {
    this.#server = server;
  }

  /** @param configuration - as in its file: YAML, or JSON, which is YAML as well */
  static async start(configuration: object): Promise<OwnPrometheus> {
    const server = await openOwnServer('prometheus', { PROMETHEUS_CONF: JSON.stringify(configuration) });
    if (server === undefined) throw new Error('Expected Prometheus to be installed: look at hasPrometheus first.');
    return new OwnPrometheus(server);
  }

  /** What an expression comes to, now. */
  async query(expression: string): Promise<readonly Sample[]> {
    const found = await this.#ask<{ readonly result: readonly Found[] }>(
      `query?${String(new URLSearchParams({ query: expression }))}`,
    );
    return found.result.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    const { alerts } = await this.#ask<{ readonly alerts: readonly RawAlert[] }>('alerts');
    return alerts.map(({ labels, state }) => ({ name: labels['alertname']!, state, labels }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #ask<Data>(question: string): Promise<Data> {
    const response = await fetch(`${this.#server.url}/api/v1/${question}`);
    const answer = (await response.json()) as { readonly data: Data; readonly error?: string };
    if (!response.ok) throw new Error(`Expected Prometheus to answer '${question}', got: ${answer.error}`);
    return answer.data;
  }
}

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, text: string];
}

interface RawAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ActiveAlert['state'];
}

/** What promtool says, and whether it is content. */
export async function promtool(...args: readonly string[]): Promise<{ readonly ok: boolean; readonly output: string }> {
  const script = fileURLToPath(new URL('../services/prometheus.sh', import.meta.url));
  const env = { ...process.env, SERVICE_DIR: '/nowhere' };
  return promisify(execFile)('bash', [script, 'promtool', ...args], { env }).then(
    ({ stdout, stderr }) => ({ ok: true, output: `${stdout}${stderr}` }),
    (error: Error & { readonly stdout: string; readonly stderr: string }) => ({
      ok: false,
      output: `${error.stdout}${error.stderr}`,
    }),
  );
}
