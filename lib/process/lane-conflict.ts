import type { ProcessorSettings } from './processor-options.ts';

/**
 * Whether an event cannot be handled before another one, whose attempt is in progress, has ended.
 *
 * @param held - what the attempt is at; with batches, an array
 */
export function mustWaitFor<Item>(held: unknown, event: Item, settings: ProcessorSettings<Item>): boolean {
  const { key, strategy, concurrency, batch } = settings;
  const events = (batch === undefined ? [held] : held) as readonly Item[];
  // The other strategies do not wait: they end one of the two.
  if (events.some((each) => isSameLane(each, event, settings))) return strategy === 'queue';
  return key !== undefined && concurrency === 1;
}

function isSameLane<Item>(held: Item, event: Item, { key, strategy, concurrency }: ProcessorSettings<Item>): boolean {
  if (key === undefined) return concurrency === 1 || strategy !== 'queue';
  try {
    const keys = [key(held), key(event)];
    // As a Map compares keys.
    return keys[0] === keys[1] || keys.every(Number.isNaN);
  } catch {
    return false;
  }
}
