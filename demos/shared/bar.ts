import type { WriteStream } from 'node:tty';
import { grouped } from './text.ts';

/** Shows how far something is. */
export interface Bar {
  show(done: number, whole: number): void;
  /** Leaves it as it is, and lets others write. */
  end(): void;
}

const CELLS = 30;
const ERASE_LINE = '\r\x1b[2K';

/** A terminal gets a bar that is drawn again and again; a pipe or a file gets a line at each quarter. */
export function openBar(output: WriteStream, what: string): Bar {
  return output.isTTY ? liveBar(output, what) : plainBar(output, what);
}

function liveBar(output: WriteStream, what: string): Bar {
  let isShown = false;
  return {
    show(done, whole) {
      isShown = true;
      const filled = Math.round(CELLS * shareOf(done, whole));
      const bar = '█'.repeat(filled) + '░'.repeat(CELLS - filled);
      // A line that wraps could not be erased.
      const line = `          ${bar} ${describe(done, whole)} ${what}`.slice(0, (output.columns || 80) - 1);
      output.write(`${ERASE_LINE}${line}`);
    },
    end() {
      if (isShown) output.write('\n');
    },
  };
}

function plainBar(output: WriteStream, what: string): Bar {
  let quarters = 0;
  return {
    show(done, whole) {
      const reached = Math.floor(4 * shareOf(done, whole));
      if (reached === quarters) return;
      quarters = reached;
      output.write(`          ${describe(done, whole)} ${what}\n`);
    },
    end() {},
  };
}

function describe(done: number, whole: number): string {
  return `${Math.floor(100 * shareOf(done, whole))} %  ${grouped(done)} of ${grouped(whole)}`;
}

function shareOf(done: number, whole: number): number {
  return whole === 0 ? 1 : done / whole;
}
