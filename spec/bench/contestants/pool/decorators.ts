import type { Job } from './job.ts';

type Handle = (event: number) => Promise<void>;

/** For libraries without retries: the loop that their users write. */
export function withRetries(
  handle: Handle,
  {
    maxAttempts,
    delayMs,
    onDead,
  }: { maxAttempts: number; delayMs: number; onDead: (event: number, error: unknown) => void },
): Handle {
  return async (event) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await handle(event);
        return;
      } catch (error) {
        if (attempt === maxAttempts) {
          onDead(event, error);
          return;
        }
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  };
}

/** For libraries without a time limit: a timer per attempt. */
export function withTimeout(handle: Handle, timeoutMs: number): Handle {
  return (event) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Took more than ${timeoutMs} ms.`)), timeoutMs);
      handle(event).then(
        () => {
          clearTimeout(timer);
          resolve();
        },
        (error) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
}

/** For libraries without keys: each event waits, in its slot, for the one before it. */
export function withLanes(handle: Handle, key: (event: number) => number): Handle {
  const tails = new Map<number, Promise<void>>();
  return async (event) => {
    const lane = key(event);
    const before = tails.get(lane);
    const turn = before === undefined ? handle(event) : before.then(() => handle(event));
    tails.set(lane, turn);
    await turn;
    if (tails.get(lane) === turn) tails.delete(lane);
  };
}

/** The handler of a library that has none of these: each attempt limited in time, then retried, then kept in its lane. */
export function decorated({ handle, timeoutMs, key, ...retry }: Job): Handle {
  const limited = timeoutMs === undefined ? handle : withTimeout(handle, timeoutMs);
  const retried = withRetries(limited, retry);
  return key === undefined ? retried : withLanes(retried, key);
}
