import type { Job } from './contestants/pool/job.ts';

/** Makes the second and all further attempts for an event. */
export async function retryByHand(
  event: number,
  firstError: unknown,
  { handle, maxAttempts, delayMs, onDead }: Pick<Job, 'delayMs' | 'handle' | 'maxAttempts' | 'onDead'>,
): Promise<void> {
  const failures = [{ attempt: 1, time: Date.now(), error: firstError }];
  for (let attempt = 2; attempt <= maxAttempts; attempt++) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    try {
      await handle(event);
      return;
    } catch (error) {
      failures.push({ attempt, time: Date.now(), error });
    }
  }
  onDead(event, failures);
}
