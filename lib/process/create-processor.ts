import { createEngine } from './create-engine.ts';
import type { Handler } from './handler.ts';
import type { Processor } from './processor.ts';
import type { Batched, ProcessorOptions } from './processor-options.ts';

/**
 * Creates a processor for a handler.
 *
 * @param handler - a function, or an object with `handle`
 * @throws InvalidOptionError for a handler or an option that cannot work
 *
 * @example
 * ```ts
 * import { createProcessor } from 'millrace';
 *
 * const resize = async (path: string, { signal }: { signal: AbortSignal }): Promise<void> => {
 *   await fetch(`http://127.0.0.1/resize?path=${path}`, { signal });
 * };
 * const processor = createProcessor(resize, { concurrency: 4, retry: { maxAttempts: 3 }, timeoutMs: 5_000 });
 * processor.deadLetters.subscribe(({ event, error }) => console.error(event, error));
 * const { settled } = await processor.send('a.png'); // waits for room
 * console.log((await settled).outcome);
 * await processor.drain({ deadlineMs: 10_000 });
 * ```
 */
export function createProcessor<Item>(handler: Handler<Item>, options?: ProcessorOptions<Item>): Processor<Item>;
/** The same in batches: the handler is given arrays of items. */
export function createProcessor<Item>(
  handler: Handler<readonly Item[]>,
  options: Batched<ProcessorOptions<Item>>,
): Processor<Item>;
export function createProcessor<Item>(
  handler: Handler<Item> | Handler<readonly Item[]>,
  options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item> = {},
): Processor<Item> {
  return createEngine(handler, options);
}
