import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';

/** How grave a line is. */
export type LogLevel = 'debug' | 'error' | 'info' | 'warn';

/** A method that writes a line. */
export type LogMethod = (...line: never) => unknown;

/** What writes lines: a logger of pino, of winston, `console`, or whatever else has these methods. */
export interface LogTarget {
  /** For what a strategy drops by design; without it, that is not told. */
  readonly debug?: LogMethod;
  /** For drains, and for what goes well again. */
  readonly info: LogMethod;
  /** For retries, overflows and brokers that are away. */
  readonly warn: LogMethod;
  /** For dead letters. */
  readonly error: LogMethod;
  /** Whether it would write a line of this level; others are not even made. @defaultValue always */
  readonly isLevelEnabled?: (level: string) => boolean;
}

/** In which order a logger takes what it writes: `object-first` as pino and bunyan do, `message-first` as winston and `console` do. */
export type LogStyle = 'message-first' | 'object-first';

/** @throws InvalidOptionError for what has not the methods of a logger */
export function expectLogTarget(logger: LogTarget): LogTarget {
  const missing = (['info', 'warn', 'error'] as const).filter((level) => typeof logger?.[level] !== 'function');
  if (missing.length === 0) return logger;
  throw new InvalidOptionError(
    `Expected a logger with info, warn and error, such as one of pino or winston, or console, got ${show(logger)} without ${missing.join(', ')}. ` +
      'Give { info, warn, error } that call what yours has instead.',
  );
}

/** Loggers of pino, also its children and its browser build, know their `bindings`; those of bunyan take serializers later, too. */
export function styleOf(logger: LogTarget): LogStyle {
  const { bindings, addSerializers } = logger as { readonly bindings?: unknown; readonly addSerializers?: unknown };
  return typeof bindings === 'function' || typeof addSerializers === 'function' ? 'object-first' : 'message-first';
}
