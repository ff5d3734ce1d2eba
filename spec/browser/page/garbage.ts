// What spec/support/garbage.ts is in Node: Chromium is started with what this needs.
import { settled } from '../../support/virtual-clock.ts';

declare const gc: (options: { readonly type: 'major'; readonly execution: 'async' }) => Promise<void>;
declare const performance: Performance & { readonly memory: { readonly usedJSHeapSize: number } };

/** Collects garbage and returns how many of the things are still held by somebody. */
export async function countAlive(things: readonly WeakRef<object>[]): Promise<number> {
  const countNow = (): number => things.filter((thing) => thing.deref() !== undefined).length;
  await collectGarbage();
  // The browser's own part of an object goes only after that of JavaScript.
  for (let again = 0; again < 3 && countNow() > 0; again++) await collectGarbage();
  return countNow();
}

/** Returns by how many bytes some work has made the heap grow, garbage left out. */
export async function heapAfter(work: () => Promise<void>): Promise<number> {
  await collectGarbage();
  const before = performance.memory.usedJSHeapSize;
  await work();
  await collectGarbage();
  return performance.memory.usedJSHeapSize - before;
}

async function collectGarbage(): Promise<void> {
  // What a WeakRef was made of or has shown is kept until the end of the turn.
  await settled();
  // Not from here: what is on the stack might be kept.
  await gc({ type: 'major', execution: 'async' });
}
