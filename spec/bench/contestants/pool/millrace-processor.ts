import { createDeadLetterQueue, createProcessor, type Probes, type Processor } from 'millrace';
import type { Job } from './job.ts';

/** The processor that a job asks for. */
export function processorOf(
  { handle, concurrency, capacity, maxAttempts, delayMs, timeoutMs, key, onDead }: Job,
  probe?: Probes,
): Processor<number> {
  const deadLetters = createDeadLetterQueue<number>();
  deadLetters.subscribe(({ event, error }) => onDead(event, error));
  return createProcessor(handle, {
    concurrency,
    capacity,
    retry: { maxAttempts, delayMs, multiplier: 1 },
    deadLetters,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(key !== undefined && { key }),
    ...(probe !== undefined && { probe }),
  });
}
