import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './virtual-clock.ts';

/** Collects garbage and returns how many of the things are still held by somebody. */
export async function countAlive(things: readonly WeakRef<object>[]): Promise<number> {
  await collectGarbage();
  return things.filter((thing) => thing.deref() !== undefined).length;
}

/** Returns by how many bytes some work has made the heap grow, garbage left out. */
export async function heapAfter(work: () => Promise<void>): Promise<number> {
  await collectGarbage();
  const before = memoryUsage().heapUsed;
  await work();
  await collectGarbage();
  return memoryUsage().heapUsed - before;
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What a WeakRef was made of or has shown is kept until the end of the turn.
  await settled();
  collect();
}
