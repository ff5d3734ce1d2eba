/** Sends so many, with at most `limit` of them unconfirmed; resolves when all are confirmed. */
export function windowed(
  count: number,
  limit: number,
  send: (index: number, confirmed: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let left = count;
    const pump = (): void => {
      while (next < count && next - (count - left) < limit) send(next++, confirmed);
    };
    const confirmed = (error?: Error | null): void => {
      if (error) reject(error);
      else if (--left === 0) resolve();
      else if (next < count) pump();
    };
    pump();
  });
}

/** The same for batches, one after the other. */
export async function inBatches(
  count: number,
  size: number,
  send: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < count; from += size) await send(from, Math.min(count, from + size));
}
