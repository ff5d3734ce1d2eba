import type { Measures } from './row.ts';

/** Starts to measure; call what it returns when the events are done. */
export function startStopwatch(events: number): () => Measures {
  const startedAt = performance.now();
  return () => ({ nsPerEvent: ((performance.now() - startedAt) * 1e6) / events });
}
