import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What is run, and with which variables. */
interface DemoEntry {
  readonly main: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A run of the demo on the sources of the library, so that it does not matter what other specs build meanwhile. */
export class DemoRun {
  output = '';
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  /** @param entry - the file that it runs, with variables of its environment if there are any */
  constructor(entry: DemoEntry | string, ...args: readonly string[]) {
    const { main, env = {} } = typeof entry === 'string' ? { main: entry } : entry;
    this.#process = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      env: { ...process.env, ...env, TSX_TSCONFIG_PATH: 'spec/tsconfig.json' },
    });
    this.#ended = once(this.#process, 'close');
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  async says(words: string): Promise<void> {
    const ended = this.#ended.then(() => {
      throw new Error(`Expected '${words}', got:\n${this.output}`);
    });
    // It may have been said already, and then nobody waits for the end.
    ended.catch(() => undefined);
    while (!this.output.includes(words)) await Promise.race([once(this.#process.stdout!, 'data'), ended]);
  }

  /** Writes to its standard input, which stays open until `end`. */
  write(text: string): void {
    this.#process.stdin!.write(text);
  }

  end(): void {
    this.#process.stdin!.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }

  /** A handler's line of the summary. */
  handler(name: string) {
    const cells = this.#line(new RegExp(`^${name} .*✓$`)).split(/\s+/);
    const [accepted, redriven, handled, dead, dropped, pending] = cells.slice(1).map(countOf);
    return { accepted, redriven, handled, dead, dropped, pending };
  }

  /** The left side of a sum of the summary. */
  sum(name: string): number {
    return countOf(this.#line(new RegExp(`^✓ ${name} +\\d`)).slice(`✓ ${name}`.length));
  }

  #line(pattern: RegExp): string {
    const line = this.output.split('\n').find((text) => pattern.test(text.trim()));
    if (line === undefined) throw new Error(`Expected a line like ${String(pattern)}, got:\n${this.output}`);
    return line.trim();
  }
}

function countOf(text: string): number {
  return Number.parseInt(text.replaceAll(',', ''), 10);
}
