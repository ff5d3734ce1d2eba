import { asyncScheduler } from 'rxjs';
import { expectDelay } from '../../core/options.ts';
import { type Handler, type HandlerContext, type HandlerFunction, handlerFunction } from '../../process/handler.ts';
import { pass } from '../script/pass.ts';
import { expectProbability, type Schedule } from './schedule.ts';

/** How often a handler does what. */
export interface Odds {
  /** That a call fails: from 0 to 1. @defaultValue 0.2 */
  readonly failures?: number;
  /** That a call never ends by itself, but only by its signal: from 0 to 1. @defaultValue 0 */
  readonly hangs?: number;
  /** The longest that a call may take: virtual milliseconds, in whole ones. @defaultValue 10 */
  readonly maxDelayMs?: number;
}

/** When a call ends: before it returns, after some promises, or after some time. */
const PACES = ['at once', 'in a promise', 'after a time'] as const;

/** A handler whose calls end in an order, and in a way, that the schedule decides. */
export function chanceHandler<Item, Context extends HandlerContext>(
  schedule: Schedule,
  handler: Handler<Item, Context>,
  { failures = 0.2, hangs = 0, maxDelayMs = 10 }: Odds = {},
): HandlerFunction<Item, Context> {
  expectProbability('failures', failures);
  expectProbability('hangs', hangs);
  expectDelay('maxDelayMs', maxDelayMs);
  const handle = handlerFunction(handler);
  return (event, context) => {
    const pace = schedule.oneOf(PACES);
    const delayMs = pace === 'after a time' ? 1 + schedule.upTo(Math.max(0, maxDelayMs - 1)) : 0;
    const fails = schedule.chance(failures);
    const end = (): unknown => {
      if (fails) throw new Error('Failed, as the schedule says.');
      return handle(event, context);
    };
    if (hangs > 0 && schedule.chance(hangs)) return pass(undefined, [context.signal], asyncScheduler, end);
    if (pace === 'at once') return end();
    return pace === 'in a promise'
      ? Promise.resolve().then(end)
      : pass(delayMs, [context.signal], asyncScheduler, () => {}).then(end);
  };
}
