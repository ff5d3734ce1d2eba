import {
  type Batched,
  createProcessor,
  type Handler,
  type HandlerContext,
  type Processor,
  type ProcessorOptions,
  type ReportedError,
  type Settlement,
} from 'millrace';
import { map, type Observable, Subject } from 'rxjs';
import type { Context } from 'rxjs-marbles';

/** A processor whose every step can be drawn as marbles. */
export interface Watched<Item> {
  readonly processor: Processor<Item>;
  /** The event of each attempt, when it starts; or its batch. */
  readonly started$: Observable<Item>;
  /** How each event that `send` handed over ended: `'a handled'`, `'a dead timeout'`, `'a dropped busy'`. */
  readonly ended$: Observable<string>;
  /** Each dead letter: `'a timeout'`. */
  readonly letters$: Observable<string>;
  /** What was reported so far. */
  readonly errors: readonly ReportedError[];
  /** Hands an event over with a listener: it goes through the queue even when the handler is idle. */
  readonly send: (event: Item) => boolean;
  /** Hands an event over without one: an idle handler is called at once. */
  readonly sendUnwatched: (event: Item) => boolean;
}

/** Makes a processor, and watches it. */
export function watch<Item>(
  handle: (event: Item, context: HandlerContext) => unknown,
  options: ProcessorOptions<Item>,
): Watched<Item> {
  const started$ = new Subject<Item>();
  const handler: Handler<Item> = (event, context) => {
    started$.next(event);
    return handle(event, context);
  };
  return { ...watchEnds(createProcessor(handler, options)), started$ };
}

/** The same in batches of letters: one of `a` and `b` starts as `'ab'`. */
export function watchBatches(
  handle: (batch: string, context: HandlerContext) => unknown,
  options: Batched<ProcessorOptions<string>>,
): Watched<string> {
  const started$ = new Subject<string>();
  const handler: Handler<readonly string[]> = (events, context) => {
    const batch = events.join('');
    started$.next(batch);
    return handle(batch, context);
  };
  return { ...watchEnds(createProcessor(handler, options)), started$ };
}

function watchEnds<Item>(processor: Processor<Item>): Omit<Watched<Item>, 'started$'> {
  const ended$ = new Subject<string>();
  const errors: ReportedError[] = [];
  processor.errors.subscribe((error) => errors.push(error));
  return {
    processor,
    ended$,
    letters$: processor.deadLetters.pipe(map(({ event, reason }) => `${String(event)} ${reason}`)),
    errors,
    send: (event) =>
      processor.trySend(event, (settlement) => ended$.next(`${String(event)} ${describeEnd(settlement)}`)),
    sendUnwatched: (event) => processor.trySend(event),
  };
}

/**
 * A handler whose attempts are drawn: those of each event in turn, `|` for a success and `#` for a failure. The last one is repeated.
 *
 * @example `playing(m, { a: ['--#', '-|'] })` fails `a` after 2 ms, and then handles it within 1 ms.
 */
export function playing(
  m: Context,
  attempts: Readonly<Record<string, readonly string[] | string>>,
): (event: string) => Observable<unknown> {
  const played = new Map<string, number>();
  return (event) => {
    const count = played.get(event) ?? 0;
    const marbles = [attempts[event] ?? '|'].flat();
    played.set(event, count + 1);
    return m.cold(marbles[Math.min(count, marbles.length - 1)]!);
  };
}

/** A settlement in words. */
export function describeEnd({ outcome, reason }: Settlement): string {
  return reason === undefined ? outcome : `${outcome} ${reason}`;
}
