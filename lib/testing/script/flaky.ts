import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { expectDelay, expectOneOf } from '../../core/options.ts';
import { type Handler, type HandlerContext, type HandlerFunction, handlerFunction } from '../../process/handler.ts';
import { expectKnownOptions } from '../known-options.ts';
import { pass } from './pass.ts';
import { Script, type ScriptStep } from './script.ts';

/** Options of {@link flaky}. */
export interface FlakyOptions {
  /** Whose calls the words are for: of the handler, or of each event for itself. @defaultValue `'call'` */
  readonly per?: 'call' | 'event';
  /** What the `x` of a call fails with. @defaultValue an Error that names the call */
  readonly error?: (call: number) => unknown;
  /** Times the delays. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** A handler that follows a script. */
export interface FlakyHandler<Item, Context extends HandlerContext = HandlerContext> extends HandlerFunction<
  Item,
  Context
> {
  /** How often it was called. */
  readonly calls: number;
}

/**
 * A handler that fails, hangs and delays by script: one word a call, and the last one for all further calls.
 *
 * | word | the call |
 * | --- | --- |
 * | `ok` | calls your handler |
 * | `x` | throws |
 * | `ok\@20ms` | calls your handler after 20 ms; units are `ms`, `s` and `m` |
 * | `x\@20ms` | rejects after 20 ms |
 * | `hang` | ends only when its signal is aborted, with the signal's reason |
 *
 * Your handler is not called by a call that fails, hangs, or is aborted while it waits.
 *
 * @param handler - called where the script says `ok`
 * @throws InvalidOptionError for an unknown word, and says where it is
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { flaky } from 'millrace/testing';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ email: string }>());
 * const sent: string[] = [];
 * const bus = createEventBus();
 * bus.on(UserSignedUp, flaky(({ data }) => sent.push(data.email), 'x x ok'), { retry: { maxAttempts: 3 } });
 * const report = await bus.publish(UserSignedUp, { email: 'ada@example.com' });
 * console.assert(report.handlers[0]?.attempts === 3 && sent.length === 1);
 * ```
 */
export function flaky<Item, Context extends HandlerContext = HandlerContext>(
  handler: Handler<Item, Context>,
  script: string,
  options: FlakyOptions = {},
): FlakyHandler<Item, Context> {
  expectKnownOptions('flaky', options, ['per', 'error', 'scheduler']);
  const { per = 'call', error = scriptedFailure, scheduler = asyncScheduler } = options;
  expectOneOf('per', per, ['call', 'event']);
  const handle = handlerFunction(handler);
  const ofAll = new Script(script);
  const ofEvents = new Map<Item, Script>();
  let calls = 0;

  const nextStep = (event: Item): ScriptStep => {
    if (per === 'call') return ofAll.next();
    const ofEvent = ofEvents.get(event) ?? new Script(script);
    ofEvents.set(event, ofEvent);
    return ofEvent.next();
  };
  const play: HandlerFunction<Item, Context> = (event, context) => {
    const call = ++calls;
    const { word, delayMs } = nextStep(event);
    const end = (): unknown => {
      if (word === 'ok') return handle(event, context);
      throw error(call);
    };
    if (word !== 'hang' && delayMs === undefined) return end();
    return pass(delayMs, [context.signal], scheduler, end);
  };
  return Object.defineProperty(play, 'calls', { get: () => calls }) as FlakyHandler<Item, Context>;
}

/** A handler that hangs until its signal is aborted: `flaky` with the script `'hang'`. */
export function hanging<Item = unknown>(): FlakyHandler<Item> {
  return flaky<Item>(() => {}, 'hang');
}

/**
 * A handler whose every call takes its time first.
 *
 * @param delayMs - milliseconds before each call
 */
export function delayed<Item, Context extends HandlerContext = HandlerContext>(
  handler: Handler<Item, Context>,
  delayMs: number,
  options: Pick<FlakyOptions, 'scheduler'> = {},
): FlakyHandler<Item, Context> {
  // Tiny numbers would be written with an exponent.
  return flaky(handler, `ok@${expectDelay('delayMs', delayMs).toFixed(3)}ms`, options);
}

function scriptedFailure(call: number): Error {
  return new Error(`Call ${call} failed, as its script says.`);
}
