import { createDeadLetterQueue } from './dead-letter-queue.ts';
import { Engine } from './engine.ts';
import type { EngineSurroundings } from './engine-surroundings.ts';
import { ErrorReports } from './error-reports.ts';
import type { Handler } from './handler.ts';
import type { Batched, ProcessorOptions } from './processor-options.ts';
import { Watch } from './watch.ts';

/**
 * Makes an engine that belongs to no bus, with dead letters and errors of its own. With batches it hands over arrays, whatever the type of
 * the handler says.
 */
export function createEngine<Item>(
  handler: Handler<Item> | Handler<readonly Item[]>,
  options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item>,
  surroundings: Partial<Omit<EngineSurroundings<Item>, 'deadLetters' | 'errors'>> = {},
): Engine<Item> {
  const errors = new ErrorReports();
  const { deadLetters = createDeadLetterQueue<Item>(options.scheduler && { scheduler: options.scheduler }), probe } =
    options;
  const forwarding = deadLetters.errors.subscribe(({ kind, error, handler: name }) => errors.report(kind, error, name));
  return new Engine(handler as Handler<Item>, options, {
    name: 'handler',
    watch: new Watch(errors, probe),
    ...surroundings,
    ...(options.name !== undefined && { name: options.name }),
    deadLetters,
    errors,
    onClosed: () => {
      forwarding.unsubscribe();
      surroundings.onClosed?.();
    },
  });
}
