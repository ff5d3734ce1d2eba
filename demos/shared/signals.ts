import { once } from 'node:events';

/** One Ctrl-C may arrive twice: from the terminal, and from the program that started this one. */
const ECHO_MS = 500;

/** A signal that is aborted by Ctrl-C or SIGTERM. Whoever asks a second time does not want to wait. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let stoppedAt = Number.NaN;
  function stop(): void {
    if (performance.now() - stoppedAt > ECHO_MS) process.exit(130);
    if (controller.signal.aborted) return;
    stoppedAt = performance.now();
    controller.abort();
  }
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
