import type { Screen } from './screen.ts';
import { type Status, statusLine } from './status.ts';

/** Lines, and nothing that a log file could not keep. */
export class PlainScreen implements Screen {
  readonly refreshMs = 2_000;
  readonly #output: NodeJS.WritableStream;
  #shown = '';

  constructor(output: NodeJS.WritableStream) {
    this.#output = output;
    // Such as `npm start | head`: nobody reads on.
    output.once('error', () => process.exit());
  }

  say(line: string): void {
    this.#output.write(`${line}\n`);
  }

  show(status: Status): void {
    const line = statusLine(status);
    if (line !== this.#shown) this.say(line);
    this.#shown = line;
  }

  close(): void {}
}
