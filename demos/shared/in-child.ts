import { writeSync } from 'node:fs';

/** What a child is given by its parent. */
export interface ParentLink {
  /** Reports a value. When it returns, the report is out of this process: not even a SIGKILL takes it back. */
  readonly report: (value: object) => void;
  /** A signal that is aborted when the parent tells this word. */
  readonly told: (word: string) => AbortSignal;
}

/** The standard output, which the parent reads. */
const OUTPUT = 1;
/** Nobody ever wakes who waits for it. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Runs what a child has to do, and ends it. Without a parent it has nothing to do, and ends at once. */
export async function runChild(work: (parent: ParentLink) => Promise<void>): Promise<never> {
  const words = new Map<string, AbortController>();
  process.on('message', (word) => controllerOf(String(word)).abort());
  process.once('disconnect', () => process.exit(1));
  // Ctrl-C reaches all processes of a terminal: the parent has heard it, and says what is to be done.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  try {
    await work({ report, told: (word) => controllerOf(word).signal });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
  process.exit(0);

  function controllerOf(word: string): AbortController {
    const controller = words.get(word) ?? new AbortController();
    words.set(word, controller);
    return controller;
  }
}

function report(value: object): void {
  let rest = Buffer.from(`${JSON.stringify(value)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSome(rest));
}

/** How many bytes the parent has taken: none, if it has not yet read what it was given before. */
function writeSome(bytes: Buffer): number {
  try {
    return writeSync(OUTPUT, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    // A pause in which nothing else happens here: reports are in order.
    Atomics.wait(nobody, 0, 0, 1);
    return 0;
  }
}
