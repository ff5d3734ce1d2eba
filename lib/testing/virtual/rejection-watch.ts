/** What Node's `process` has, and browsers have otherwise. */
interface MaybeProcess {
  readonly process?: {
    rawListeners(event: string): Listener[];
    removeAllListeners(event: string): void;
    on(event: string, listener: Listener): void;
    removeListener(event: string, listener: Listener): void;
  };
  addEventListener?(event: string, listener: (event: PromiseRejectionEvent) => void): void;
  removeEventListener?(event: string, listener: (event: PromiseRejectionEvent) => void): void;
}

type Listener = (reason: unknown) => void;

const EVENT = 'unhandledRejection';

/**
 * Takes the promises that were rejected and that nobody handles, instead of whoever else listens: they belong to the test that runs.
 *
 * @returns how to stop
 */
export function watchRejections(onRejection: (reason: unknown) => void): () => void {
  const world = globalThis as unknown as MaybeProcess;
  const { process } = world;
  if (process !== undefined) {
    // Raw, so that those of `once` stay so.
    const others = process.rawListeners(EVENT);
    process.removeAllListeners(EVENT);
    process.on(EVENT, onRejection);
    return () => {
      process.removeListener(EVENT, onRejection);
      for (const other of others) process.on(EVENT, other);
    };
  }
  const listener = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    onRejection(event.reason);
  };
  world.addEventListener?.('unhandledrejection', listener);
  return () => world.removeEventListener?.('unhandledrejection', listener);
}
