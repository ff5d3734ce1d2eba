/** The work of a pool: events from 0 on, each handed to the handler, at most so many at a time. */
export interface Job {
  readonly events: number;
  readonly handle: (event: number) => Promise<void>;
  readonly concurrency: number;
  /** Events that may wait. The producer waits with the rest. */
  readonly capacity: number;
  /** The first included. */
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly timeoutMs: number | undefined;
  /** Events of one key are handled one at a time and in order. */
  readonly key: ((event: number) => number) | undefined;
  /** Told of each event that failed for good. */
  readonly onDead: (event: number, error: unknown) => void;
}

/** Resolves when every event is handled or dead. */
export type RunJob = (job: Job) => Promise<void>;
