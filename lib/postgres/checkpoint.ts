import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';

/** A place in the order of transactions, and of events within one. */
export interface TransactionPlace {
  readonly tx: number;
  readonly position: number;
  /** What was written already when this place was the end, although transactions before it were still open. */
  readonly seen?: Seen | undefined;
}

/** The transactions that had ended at some time: all below `next`, but those that were `open`. */
interface Seen {
  readonly next: number;
  readonly open: readonly number[];
}

/** Before the first event. */
export const START: TransactionPlace = /* @__PURE__ */ Object.freeze({ tx: 0, position: 0 });

/** Writes a place as a checkpoint. */
export function checkpointOf({ tx, position, seen }: TransactionPlace): string {
  // Beyond what was open then, it makes no difference any more.
  if (seen === undefined || tx >= seen.next) return `${tx}:${position}`;
  return `${tx}:${position}~${seen.next}:${seen.open.join(',')}`;
}

/** Reads a checkpoint. */
export function placeOf(checkpoint: string): TransactionPlace {
  const parts = /^(\d{1,15}):(\d{1,15})(?:~(\d{1,15}):((?:\d{1,15}(?:,|$))*))?$/.exec(checkpoint);
  if (parts === null) {
    throw new InvalidOptionError(
      `Expected a checkpoint of this store, such as '740:17', got ${show(checkpoint)}. Take it from a recorded event.`,
    );
  }
  const [, tx, position, next, open = ''] = parts;
  const place = { tx: Number(tx), position: Number(position) };
  if (next === undefined) return place;
  return { ...place, seen: { next: Number(next), open: numbersOf(open) } };
}

/** Reads numbers that are separated by commas. */
export function numbersOf(list: string): readonly number[] {
  return list === '' ? [] : list.split(',').map(Number);
}
