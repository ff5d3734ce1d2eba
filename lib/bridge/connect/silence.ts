import type { SchedulerLike } from 'rxjs';
import { BridgeError } from '../crossing/bridge-error.ts';

/**
 * Waits for the other side, and not for ever: a connection whose other end is gone may look alive for hours.
 *
 * @param onSilence - ends what is waited for
 * @throws BridgeError `BRIDGE_UNREACHABLE`
 */
export async function heard<Value>(
  waiting: Promise<Value>,
  silenceMs: number,
  scheduler: SchedulerLike,
  onSilence: () => void,
): Promise<Value> {
  let isSilent = false;
  const timer = scheduler.schedule(() => {
    isSilent = true;
    onSilence();
  }, silenceMs);
  try {
    return await waiting;
  } catch (error) {
    throw isSilent ? silent(silenceMs, error) : error;
  } finally {
    timer.unsubscribe();
  }
}

function silent(silenceMs: number, cause: unknown): BridgeError {
  return new BridgeError(
    'BRIDGE_UNREACHABLE',
    `Expected to hear of the server within ${silenceMs} ms, got nothing. It is tried again; if it is only slow, raise silenceMs.`,
    { cause },
  );
}
