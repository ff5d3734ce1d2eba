import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import type { ExpectedVersion, StreamSelection } from './event-store.ts';

/** Whether a stream at this version is where its writer expects it. */
export function isExpected(expected: ExpectedVersion, version: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'stream-exists') return version > 0;
  return version === (expected === 'no-stream' ? 0 : expected);
}

/** Which events of all a reader wants. */
export interface Selection {
  readonly types: readonly string[] | undefined;
  readonly streams: readonly StreamSelection[] | undefined;
}

/** Whether an event is among those that a reader wants. */
export function isSelected(
  { type, stream }: { readonly type: string; readonly stream: string },
  { types, streams }: Selection,
): boolean {
  if (types !== undefined && !types.includes(type)) return false;
  return (
    streams === undefined ||
    streams.some((wanted) => (typeof wanted === 'string' ? wanted === stream : stream.startsWith(wanted.prefix)))
  );
}

/** The position that a checkpoint stands for, in stores whose checkpoints are positions. */
export function positionOf(checkpoint: string): number {
  if (/^\d{1,15}$/.test(checkpoint)) return Number(checkpoint);
  throw new InvalidOptionError(
    `Expected a checkpoint of this store, such as '17', got ${show(checkpoint)}. Take it from a recorded event.`,
  );
}
