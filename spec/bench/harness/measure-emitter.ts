import { expectEqual } from './expect-equal.ts';
import type { Measures, Task } from './row.ts';
import { startStopwatch } from './stopwatch.ts';

/** What all handlers received. Kept within 32 bits: an overflow would cost what is measured its compiled code. */
export interface Tally {
  sum: number;
}

/** Amounts are below this. */
export const MAX_AMOUNT = 1_000;

/** How long a fresh emitter is used before it is measured: V8 compiles it anew, as what was compiled for the last one went with it. */
const RUN_IN_MS = 100;

/** Measures how long an emitter takes per event, and checks that every handler received every event. */
export function measureEmitter(
  { events }: Task,
  { handlers, tally, emit }: { handlers: number; tally: Tally; emit: (amount: number) => void },
): Measures {
  const burst = Math.max(1, Math.min(MAX_AMOUNT, Math.floor(events / 10)));
  const bursts = Math.ceil(events / burst);
  const readyAt = performance.now() + RUN_IN_MS;
  let emitted = 0;
  for (; performance.now() < readyAt; emitted += burst) emitBurst(emit, burst);
  const stop = startStopwatch(burst * bursts);
  for (let done = 0; done < bursts; done++, emitted += burst) emitBurst(emit, burst);
  const measures = stop();
  const sumOfBurst = (burst * (burst - 1)) / 2;
  expectEqual('what all handlers received', tally.sum, ((emitted / burst) * sumOfBurst * handlers) | 0);
  return measures;
}

/** A function of its own, which is compiled as such and not in the middle of a run. */
function emitBurst(emit: (amount: number) => void, burst: number): void {
  for (let amount = 0; amount < burst; amount++) emit(amount);
}

/**
 * A handler with code of its own, as the handlers of a program have. Closures of one function would be inlined into an emitter's loop,
 * and a program's handlers are not.
 */
export function writeHandler(tally: Tally): (message: { readonly data: { readonly amount: number } }) => void {
  const source = 'return (message) => { tally.sum = (tally.sum + message.data.amount) | 0; };';
  // oxlint-disable-next-line no-implied-eval
  return new Function('tally', source)(tally) as ReturnType<typeof writeHandler>;
}
