import { isRealTime, runInMacrotask } from './macrotask.ts';

/**
 * How long handlers may follow one another without a pause: half a frame at 60 Hz. Handlers that are synchronous, or whose promises
 * resolve at once, would otherwise keep timers, input and sockets waiting until the last of a million is done. Eight milliseconds hold thousands
 * of events, so that the macrotask between two slices (a few microseconds) costs next to nothing.
 */
const SLICE_MS = 8;

/** Gives way to the rest of the program in long runs. */
export class TimeSlice {
  private readonly onNext: () => void;
  private startedAt: number | undefined;
  /** The slice is over, and the next one has not begun. */
  isOver = false;

  constructor(onNext: () => void) {
    this.onNext = onNext;
  }

  /** Whether the run must stop here; `onNext` is called in a macrotask. Told the time of each start, it needs no clock of its own. */
  mustEnd(now: number): boolean {
    this.startedAt ??= now;
    if (now - this.startedAt < SLICE_MS || !isRealTime(now)) return false;
    this.isOver = true;
    runInMacrotask(() => {
      this.isOver = false;
      this.startedAt = undefined;
      this.onNext();
    });
    return true;
  }

  /** Nothing is left to do: the next start begins a new slice. */
  reset(): void {
    this.startedAt = undefined;
  }
}
