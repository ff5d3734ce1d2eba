/** Who waits for a signal. */
const waitingFor = /* @__PURE__ */ new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `listener`, a function of its own, when a signal is aborted that is not yet. However many wait for one signal, it has one listener: Node prints a warning when there are more than ten.
 * It has none when nobody waits any more, as Node would keep signals that have one.
 *
 * @returns takes it back
 */
export function whenAborted(signal: AbortSignal, listener: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listenTo(signal);
  waiting.listeners.add(listener);
  return () => {
    if (!waiting.listeners.delete(listener) || waiting.listeners.size > 0) return;
    signal.removeEventListener('abort', waiting.tell);
    waitingFor.delete(signal);
  };
}

interface Waiting {
  readonly listeners: Set<() => void>;
  readonly tell: () => void;
}

function listenTo(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>();
  const waiting: Waiting = { listeners, tell: () => tellAll(listeners) };
  // What is no signal throws here.
  signal.addEventListener('abort', waiting.tell, { once: true });
  waitingFor.set(signal, waiting);
  return waiting;
}

/** As with listeners of their own, what one throws keeps nobody else from being told. */
function tellAll(listeners: ReadonlySet<() => void>): void {
  const failures: unknown[] = [];
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
