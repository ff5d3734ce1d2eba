import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectOneOf, expectOptions, show } from '../../core/options.ts';
import type { Probe } from '../../process/probe.ts';
import { dropLevel } from './log-lines.ts';
import { expectLogTarget, type LogStyle, type LogTarget, styleOf } from './log-target.ts';
import { type LogFields, LogWriter } from './log-writer.ts';
import { loggedError } from './logged-error.ts';
import { type PayloadView, TroubleLog } from './trouble-log.ts';

/** Options of {@link logProbe}. */
export interface LogProbeOptions {
  /**
   * Whether lines carry the `data` of their event as `payload`. A function returns what of it may be logged, and `undefined` for nothing; it is given the event's type,
   * too, or, of an item of a processor or a channel, none. Payloads may be private, and huge. @defaultValue false
   */
  readonly payloads?: boolean | ((data: unknown, type: string | undefined) => unknown);
  /** Lines that are written in a second of each handler, kind and reason; the others are counted, and told as `leftOut`. ≥ 1, or Infinity. @defaultValue 10 */
  readonly maxPerSecond?: number;
  /** In which order the logger takes object and text. @defaultValue what the logger looks like: `object-first` for pino and bunyan, else `message-first` */
  readonly style?: LogStyle;
  /** The clock of `maxPerSecond`. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/**
 * Writes a line for whatever goes wrong or comes to an end, into the logger that you have: pino, winston, `console`, or anything with `info`, `warn` and `error`. Of
 * events that are handled it is told nothing, and they cost nothing.
 *
 * | `kind` | level | what it tells besides `handler`, `owner` (its bus, channel or projection) and `event` |
 * | --- | --- | --- |
 * | `retry` | warn | an attempt failed: `attempts`, `delayMs` until the next one, `err` without its stack |
 * | `dead-letter` | error | `reason`, `attempts`, `deadLetterId`, `err`, and `redriven`, if it had been dead before; without a `handler`, where none was reached, as with data that does not fit |
 * | `drop` | warn | `reason`: an overflow; what goes back to its broker is `info`, and what a strategy drops by design is `debug` |
 * | `drain` | info | the `name` of the handler or bus, and the counts of its report; one that was not completed is `warn` |
 * | `broker` | info | `broker` and its `state`; `reconnecting` is `warn` |
 *
 * `event` has the id, the type and the correlation of a message, none of its data. `err` has the name, the text, the code and the causes of an error; pino's own serializer takes it
 * as it is. A text is the same for all events of a type, so that lines can be grouped by it.
 *
 * A handler that fails ten thousand times a second writes ten lines in it, and one that tells how many were left out. A logger that throws, or rejects, harms no event: it is
 * reported once in `errors`, and again only when it has worked in between; what it could not write counts as left out.
 *
 * @param logger - what writes the lines; one probe may serve many buses
 * @throws InvalidOptionError for what is no logger, and an option that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, logProbe } from 'millrace';
 * import { pino } from 'pino';
 *
 * const logger = pino();
 * const bus = createEventBus({ name: 'shop', probe: logProbe(logger) });
 * // What has no other home, such as a dead-letter store that fails.
 * bus.errors.subscribe(({ kind, error }) => logger.error({ err: error }, kind));
 * ```
 *
 * @example Payloads, without what is private
 * ```ts
 * import { createEventBus, logProbe } from 'millrace';
 *
 * const payloads = (data: unknown, type = '') => (type.startsWith('user.') ? undefined : data);
 * const bus = createEventBus({ probe: logProbe(console, { payloads }) });
 * ```
 */
export function logProbe(logger: LogTarget, options: LogProbeOptions = {}): Probe {
  expectLogTarget(logger);
  const { payloads = false, maxPerSecond = 10, scheduler = asyncScheduler } = expectOptions('options', options);
  const { style = styleOf(logger) } = options;
  expectOneOf('style', style, ['message-first', 'object-first']);
  expectCount('maxPerSecond', maxPerSecond, 1, true);
  const writer = new LogWriter(logger, style);
  const troubles = new TroubleLog(writer, maxPerSecond, scheduler, payloadView(payloads));

  return {
    attached: (part) => ({
      samples: () => false,
      detached: () => {
        troubles.flush(part);
        writer.rethrow();
      },
    }),
    retried: (handling, { error, delayMs }) => {
      const { attempts } = handling;
      const details = (): LogFields => ({ attempts, delayMs, err: loggedError(error, false, style) });
      troubles.tell({ kind: 'retry', level: 'warn' }, handling, details);
      writer.rethrow();
    },
    settled: (handling, { outcome, reason, attempts, error, deadLetterId }) => {
      if (outcome !== 'dead') return;
      const { origin } = handling;
      troubles.tell({ kind: 'dead-letter', level: 'error', ...(reason && { reason }) }, handling, () => ({
        attempts,
        deadLetterId,
        ...(origin !== undefined && { redriven: origin.redriven + 1 }),
        err: loggedError(error, true, style),
      }));
      writer.rethrow();
    },
    dropped: (handling, reason) => {
      const { attempts } = handling;
      troubles.tell({ kind: 'drop', level: dropLevel(reason), reason }, handling, () => ({ attempts }));
      writer.rethrow();
    },
    refused: ({ event, reason, error, id, redriven }, part) => {
      troubles.tell({ kind: 'dead-letter', level: 'error', reason }, { event, part }, () => ({
        attempts: 0,
        deadLetterId: id,
        ...(redriven > 0 && { redriven }),
        err: loggedError(error, true, style),
      }));
      writer.rethrow();
    },
    drained: (name, report) => {
      const [level, end] = report.completed
        ? (['info', 'drained'] as const)
        : (['warn', 'did not drain in time'] as const);
      writer.write(level, `${name} ${end}`, { kind: 'drain', name, ...report });
      writer.rethrow();
    },
    brokerState: (broker, state) => {
      const level = state === 'reconnecting' ? 'warn' : 'info';
      writer.write(level, `broker ${broker} is ${state}`, { kind: 'broker', broker, state });
      writer.rethrow();
    },
  };
}

function payloadView(payloads: LogProbeOptions['payloads']): PayloadView {
  if (payloads === false) return () => undefined;
  if (payloads === true) return (data) => data;
  if (typeof payloads === 'function') return payloads;
  throw new InvalidOptionError(
    `Expected payloads to be true, false, or a function that returns what may be logged, got ${show(payloads)}.`,
  );
}
