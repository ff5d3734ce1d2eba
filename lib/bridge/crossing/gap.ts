import { BridgeError } from './bridge-error.ts';

/**
 * Why events are missing.
 *
 * - `overflow`: this side, or a buffer in front of it, was too slow
 * - `too-old`: it was away for longer than the other side keeps events
 * - `unknown-id`: the other side does not know the place where it wants to go on, such as after a restart
 */
export type GapReason = 'overflow' | 'too-old' | 'unknown-id';

/** A place in the stream of events where some are missing. What they were about is best read anew. */
export interface Gap {
  /** Why. */
  readonly reason: GapReason;
  /** How many events at most; absent if nobody knows. */
  readonly lost?: number;
}

const REASONS: ReadonlySet<unknown> = /* @__PURE__ */ new Set<GapReason>(['overflow', 'too-old', 'unknown-id']);

/** Reads a gap that somebody else has told; whatever it says, it is one. */
export function readGap(told: unknown): Gap {
  const { reason, lost } = (typeof told === 'object' && told !== null ? told : {}) as Partial<
    Record<keyof Gap, unknown>
  >;
  return {
    reason: REASONS.has(reason) ? (reason as GapReason) : 'unknown-id',
    ...(typeof lost === 'number' && Number.isSafeInteger(lost) && lost > 0 && { lost }),
  };
}

/** A gap as an error. */
export function gapError({ reason, lost }: Gap, where: string): BridgeError {
  const count = lost === undefined ? 'an unknown number of them missing' : `${lost} of them missing`;
  return new BridgeError(
    'BRIDGE_GAP',
    `Expected all events ${where}, got ${count} (${reason}). Read anew what they are about; a store on the server, or a larger buffer, makes this rare.`,
  );
}
