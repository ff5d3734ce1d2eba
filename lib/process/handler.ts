import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';

/** What a handler is told besides the event. Each attempt has its own. */
export interface HandlerContext {
  /** Aborted when the attempt's time is over, a newer event supersedes it, or its handler is closed. Made when first read. */
  readonly signal: AbortSignal;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
}

/**
 * A handler as a function. It may return nothing or any plain value (handled), a promise (handled when it resolves), or an Observable
 * (handled when it completes; its values are ignored). Throwing, rejecting or an Observable's error is a failed attempt.
 */
export type HandlerFunction<Item, Context extends HandlerContext = HandlerContext> = (
  event: Item,
  context: Context,
) => unknown;

/** A handler as an object. */
export interface HandlerObject<Item, Context extends HandlerContext = HandlerContext> {
  /** Handles one event. */
  handle(event: Item, context: Context): unknown;
}

/** A function, or an object with `handle`. */
export type Handler<Item, Context extends HandlerContext = HandlerContext> =
  | HandlerFunction<Item, Context>
  | HandlerObject<Item, Context>;

/** Whether a value can handle events. */
export function isHandler(value: unknown): value is Handler<unknown> {
  return typeof value === 'function' || typeof (value as { handle?: unknown } | null)?.handle === 'function';
}

/** Returns the function of a handler. */
export function handlerFunction<Item, Context extends HandlerContext>(
  handler: Handler<Item, Context>,
): HandlerFunction<Item, Context> {
  if (!isHandler(handler)) {
    throw new InvalidOptionError(
      `Expected a handler to be a function or an object with handle(event, context), got ${show(handler)}.`,
      'INVALID_HANDLER',
    );
  }
  if (typeof handler === 'function') return handler;
  return (event, context) => handler.handle(event, context);
}

/**
 * Whether a handler can have no part in its context: an arrow function, which has no `arguments`, of one plain parameter. It need not be
 * given one of its own then.
 */
export function cannotSeeContext(handler: (...all: never[]) => unknown): boolean {
  const onlyParameter = /^(?:async\s*)?(?:[\w$]+|\(\s*(?:[\w$]+|\{[\w$\s,:{}]*\})\s*,?\s*\))\s*=>/;
  return handler.length === 1 && onlyParameter.test(Function.prototype.toString.call(handler));
}
