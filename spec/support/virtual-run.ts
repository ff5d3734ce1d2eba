import type { SteppedClock } from './stepped-clock.ts';
import { settled } from './virtual-clock.ts';

/** Runs to its end what waits for virtual time, which goes on whenever nothing else does. */
export async function runVirtually<Value>(clock: SteppedClock, run: () => Promise<Value>): Promise<Value> {
  const state = { isOver: false };
  const running = run().finally(() => {
    state.isOver = true;
  });
  // The caller is told below.
  running.catch(() => undefined);
  for (await settled(); !state.isOver; await settled()) clock.step();
  return running;
}
