import type { ProcessorSettings } from './processor-options.ts';

/** Whether an event cannot be handled before another one, whose attempt is in progress, has ended. */
export function mustWaitFor<Item>(held: Item, event: Item, settings: ProcessorSettings<Item>): boolean {
  const { key, strategy, concurrency } = settings;
  // The other strategies do not wait: they end one of the two.
  if (isSameLane(held, event, settings)) return strategy === 'queue';
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
