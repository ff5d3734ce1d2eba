import type { NewEvent } from 'millrace';
import { Account } from '../account/account.ts';
import { createRandom } from '../shared/random.ts';

/** Appends are made in so many lanes side by side, one after the other in each, each to an account of its own. */
export const LANES = 4;

export function streamOf(lane: number): string {
  return Account.stream(`lane-${lane}`);
}

/**
 * The events of an append. They follow from its number, and so do their ids: whoever sends it again, also in another life, sends the same.
 *
 * @param number - of its lane, from 1
 */
export function eventsOf(seed: number, lane: number, number: number): readonly NewEvent[] {
  const random = createRandom(`${seed}:${lane}:${number}`);
  return Array.from({ length: 1 + Math.floor(3 * random()) }, (_, index) => ({
    id: `${lane}-${number}-${index}`,
    type: 'account.deposited',
    data: { amount: 1 + Math.floor(100 * random()) },
  }));
}
