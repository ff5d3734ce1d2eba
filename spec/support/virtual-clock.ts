import { VirtualTimeScheduler } from 'rxjs';
import { runInMacrotask } from '../../lib/process/macrotask.ts';

/**
 * A scheduler whose time stands still until `advance`: for specs in which promises play a part, so that marbles cannot be used.
 */
export class VirtualClock extends VirtualTimeScheduler {
  /** Runs what is due within the next milliseconds, then lets the promises of this turn settle. */
  async advance(ms: number): Promise<void> {
    await settled();
    this.maxFrames = this.frame + ms;
    this.flush();
    this.frame = this.maxFrames;
    await settled();
  }
}

/** Resolves when every promise that can settle by itself has settled: after the microtasks of this turn. */
export function settled(): Promise<void> {
  // By setImmediate in Node, and by what there is in browsers, where specs run, too.
  return new Promise((resolve) => {
    runInMacrotask(resolve);
  });
}
