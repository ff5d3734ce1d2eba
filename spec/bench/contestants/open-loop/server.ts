/** What an open loop asks of a contestant. */
interface Load {
  readonly handle: (event: number) => Promise<void>;
  readonly concurrency: number;
  readonly capacity: number;
  readonly maxAttempts: number;
  readonly key: (event: number) => number;
}

/** Takes events when they arrive. */
interface Server {
  send(event: number): void;
  /** Finishes what it has. */
  drain(): Promise<unknown>;
}

export type OpenServer = (load: Load) => Promise<Server>;
