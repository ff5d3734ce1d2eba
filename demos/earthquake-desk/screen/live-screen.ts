import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { Screen } from './screen.ts';
import { type Status, statusBlock } from './status.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_BELOW = '\x1b[0J';

/** What is said scrolls away above a block of lines that stays at the bottom and is drawn again and again. */
export class LiveScreen implements Screen {
  readonly refreshMs = 100;
  readonly #output: WriteStream;
  #block: readonly string[] = [];
  #drawn = 0;

  constructor(output: WriteStream) {
    this.#output = output;
    output.write(HIDE_CURSOR);
    // Whatever ends the program, the terminal is usable again.
    process.once('exit', () => output.write(SHOW_CURSOR));
  }

  say(line: string): void {
    this.#redraw(`${paint(line)}\n`);
  }

  show(status: Status): void {
    this.#block = statusBlock(status);
    this.#redraw('');
  }

  close(): void {
    this.#block = [];
    this.#redraw(SHOW_CURSOR);
  }

  /** In one write, so that nothing flickers. */
  #redraw(above: string): void {
    const toTheTop = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    // A line that wraps would be two.
    const width = (this.#output.columns || 80) - 1;
    const lines = this.#block.map((line) => `${paint(line.slice(0, width))}\n`);
    this.#output.write(`${toTheTop}${ERASE_BELOW}${above}${lines.join('')}`);
    this.#drawn = lines.length;
  }
}

type Style = Parameters<typeof styleText>[0];

/** Words that deserve an eye. */
const highlights: readonly (readonly [RegExp, Style])[] = [
  [/✓|closed/g, 'green'],
  [/✗|half-open|open\b|Dead letter:|breaks/g, 'red'],
  [/Major:|Found a swarm|█+/g, 'yellow'],
  [/repairs|Redriven|The circuit closes/g, 'green'],
];

function paint(line: string): string {
  if (process.env['NO_COLOR']) return line;
  return highlights.reduce((text, [words, style]) => text.replace(words, (word) => styleText(style, word)), line);
}
