import type { ProcessorStats } from './stats.ts';

/** What a test wants to know of an engine. */
export interface NewEngine {
  stats(): ProcessorStats;
}

let listener: ((engine: NewEngine) => void) | undefined;

/**
 * Tells of each engine that is made from now on: for a test that must say which one never came to rest.
 *
 * @returns how to stop
 */
export function watchNewEngines(onNew: (engine: NewEngine) => void): () => void {
  const before = listener;
  listener = onNew;
  return () => {
    listener = before;
  };
}

/** Called by every engine when it is made. */
export function tellNewEngine(engine: NewEngine): void {
  listener?.(engine);
}
