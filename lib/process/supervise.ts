import { Observable, type OperatorFunction } from 'rxjs';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { Settlement } from '../core/outcome.ts';
import { operate } from '../flow/operate.ts';
import { createEngine } from './create-engine.ts';
import { createDeadLetterQueue } from './dead-letter-queue.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';
import { type Handler, type HandlerContext, handlerFunction } from './handler.ts';
import { type Batched, type ProcessorOptions, processorSettings } from './processor-options.ts';
import type { ResultOf, Supervised } from './supervised.ts';

/** A handler whose results are wanted: what it returns, what its promise resolves to, or the last value of its Observable. */
export type ResultHandler<Item, Returned> =
  | { handle(item: Item, context: HandlerContext): Returned }
  | ((item: Item, context: HandlerContext) => Returned);

/**
 * A processor as an operator: hands each item of a source to a handler, with all that every handler gets (bounded concurrency, order, retries,
 * time limits, dead letters), and gives out how each one ended, in the order of their ends. A handler that fails never ends the stream.
 *
 * With `overflow: 'suspend'`, items that find no room wait before the operator, as before `mergeMap`, without a bound: a source that is pushed
 * cannot be made to wait. The other policies bound it; what they drop is given out as dropped or rejected.
 *
 * When the source ends, also by an error, what came before is finished first. Unsubscribing aborts what is in flight; that, and all that waits,
 * becomes a dead letter (`abandoned`) in the queue of the `deadLetters` option, if there is one. Each subscription has a processor of its own.
 * A letter that is redriven goes to it too, and is finished before the stream ends; how it ends is told to whoever redrives it.
 *
 * ```
 * source:   -a-b-c------|      handler: a '---(x|)', b '--#', c '--(y|)', concurrency 2
 * result:   ----XY-Z----|      X = a handled, Y = b dead, Z = c handled
 * ```
 *
 * @throws InvalidOptionError for a handler or an option that cannot work, when the operator is made
 *
 * @example
 * ```ts
 * import { supervise } from 'millrace';
 * import { from } from 'rxjs';
 *
 * const price = async (id: number): Promise<number> => (id === 2 ? Promise.reject(new Error('unknown')) : id * 10);
 * from([1, 2, 3])
 *   .pipe(supervise(price, { concurrency: 8, retry: { maxAttempts: 3, delayMs: 5 } }))
 *   .subscribe((end) => {
 *     if (end.outcome === 'handled') console.log(end.event, end.result); // a number
 *     else console.log(end.event, end.reason, end.error); // 2 exhausted Error: unknown
 *   });
 * ```
 */
export function supervise<Item, Returned>(
  handler: ResultHandler<Item, Returned>,
  options?: ProcessorOptions<Item>,
): OperatorFunction<Item, Supervised<Item, ResultOf<Returned>>>;
/** The same in batches: the handler is given arrays of items, and its result is that of each of them. */
export function supervise<Item, Returned>(
  handler: ResultHandler<readonly Item[], Returned>,
  options: Batched<ProcessorOptions<Item>>,
): OperatorFunction<Item, Supervised<Item, ResultOf<Returned>>>;
export function supervise<Item, Returned>(
  handler: ResultHandler<Item, Returned> | ResultHandler<readonly Item[], Returned>,
  options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item> = {},
): OperatorFunction<Item, Supervised<Item, ResultOf<Returned>>> {
  // Checked here, where the mistake is.
  handlerFunction(handler as Handler<Item>);
  processorSettings(options);
  const { overflow = 'suspend', strategy = 'queue', deadLetters } = options;
  const canWait = overflow === 'suspend' && strategy === 'queue';

  return (source) =>
    new Observable((destination) => {
      const waiting = new RingBuffer<Item>();
      const ended = new RingBuffer<Supervised<Item, ResultOf<Returned>>>();
      /** Those that waited for the engine until it was closed. */
      const refused: Item[] = [];
      /** Handed over, and the end not told yet. */
      let open = 0;
      /** The first of those that wait is with the engine, which says when there is room: it may have other producers, who redrive letters. */
      let isAtGate = false;
      let isGoing = false;
      let isFlushed = false;
      /** Set by the end of the source. */
      let endAsSource: (() => void) | undefined;
      const engine = createEngine(handler, { ...options, deadLetters: deadLetters ?? keepNothing() }, { onIdle: goOn });

      function handOver(event: Item, onTaken?: () => void): void {
        open++;
        const onSettled = (settlement: Settlement, result?: unknown): void => {
          if (settlement.outcome === 'rejected' && destination.closed) refused.push(event);
          else ended.push(endOf(event, settlement, result));
          goOn();
        };
        engine.submit(event, onSettled, undefined, onTaken);
      }

      function letNextCome(): void {
        isAtGate = false;
        goOn();
      }

      /** One step after the other, so that nothing is told within the telling of something else. */
      function goOn(): void {
        if (isGoing) return;
        isGoing = true;
        while (step());
        isGoing = false;
        if (endAsSource !== undefined && open === 0 && engine.isIdle) endAsSource();
      }

      function step(): boolean {
        if (ended.size > 0) {
          open--;
          destination.next(ended.shift()!);
        } else if (waiting.size > 0 && !isAtGate) {
          isAtGate = true;
          handOver(waiting.shift() as Item, letNextCome);
        } else if (endAsSource !== undefined && !isAtGate && !isFlushed) {
          isFlushed = true;
          engine.flush();
        } else return false;
        return true;
      }

      function close(): void {
        engine.close();
        // Nobody could see the letters, if nobody gave a queue.
        if (deadLetters === undefined) return;
        for (const event of refused) engine.abandon(event);
        while (waiting.size > 0) engine.abandon(waiting.shift() as Item);
      }

      destination.add(close);
      operate<Item>({
        source,
        destination,
        next: (event) => {
          // The source is released after the engine is closed.
          if (destination.closed) return;
          if (canWait) waiting.push(event);
          else handOver(event);
          goOn();
        },
        error: (error) => {
          endAsSource = () => destination.error(error);
          goOn();
        },
        complete: () => {
          endAsSource = () => destination.complete();
          goOn();
        },
      });
    });
}

function endOf<Item, Result>(event: Item, settlement: Settlement, result: unknown): Supervised<Item, Result> {
  const end = settlement.outcome === 'handled' ? { event, ...settlement, result } : { event, ...settlement };
  // The outcome says which of the two it is.
  return end as Supervised<Item, Result>;
}

/** Whoever wants letters gives a queue: nobody else could list them. */
function keepNothing<Item>() {
  const store: DeadLetterStore<Item> = { add: () => undefined, remove: () => undefined, list: () => [] };
  return createDeadLetterQueue<Item>({ store });
}
