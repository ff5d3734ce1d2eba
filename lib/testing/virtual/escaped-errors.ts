/** What is done with errors that nobody has caught. */
export interface EscapedErrors {
  /** Of promises. */
  readonly unhandledRejection: (reason: unknown) => void;
  /** Thrown where nobody can catch it, such as in `queueMicrotask`. */
  readonly uncaughtException: (error: unknown) => void;
}

/** What Node's `process` has, and browsers have otherwise. */
interface MaybeProcess {
  readonly process?: {
    rawListeners(event: string): Listener[];
    removeAllListeners(event: string): void;
    on(event: string, listener: Listener): void;
    removeListener(event: string, listener: Listener): void;
  };
  addEventListener?(event: string, listener: (event: BrowserEvent) => void): void;
  removeEventListener?(event: string, listener: (event: BrowserEvent) => void): void;
}

type Listener = (error: unknown) => void;

/** Of `unhandledrejection`, or of `error`. */
type BrowserEvent = Event & { readonly reason?: unknown; readonly error?: unknown };

/**
 * Takes the errors that nobody has caught, instead of whoever else listens: they belong to the test that runs.
 *
 * @returns how to stop
 */
export function watchEscaped({ unhandledRejection, uncaughtException }: EscapedErrors): () => void {
  const stops = [
    watch('unhandledRejection', 'unhandledrejection', unhandledRejection),
    watch('uncaughtException', 'error', uncaughtException),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function watch(event: string, browserEvent: string, onError: Listener): () => void {
  const world = globalThis as unknown as MaybeProcess;
  const { process } = world;
  if (process !== undefined) {
    // Raw, so that those of `once` stay so.
    const others = process.rawListeners(event);
    process.removeAllListeners(event);
    process.on(event, onError);
    return () => {
      process.removeListener(event, onError);
      for (const other of others) process.on(event, other);
    };
  }
  const listener = (given: BrowserEvent): void => {
    given.preventDefault();
    onError('reason' in given ? given.reason : given.error);
  };
  world.addEventListener?.(browserEvent, listener);
  return () => world.removeEventListener?.(browserEvent, listener);
}
