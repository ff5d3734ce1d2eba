import type { DeadLetter } from 'millrace';

/** A dead letter by hand, of a handler named 'mail'. */
export function letterOf<Item>(event: Item, changes: Partial<DeadLetter<Item>> = {}): DeadLetter<Item> {
  const id = `letter ${String(event)}`;
  return {
    id,
    event,
    handler: 'mail',
    reason: 'exhausted',
    error: new Error('broken'),
    attempts: [],
    time: 0,
    redriven: 0,
    ...changes,
  };
}
