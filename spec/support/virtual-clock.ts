import { VirtualTimeScheduler } from 'rxjs';

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
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
