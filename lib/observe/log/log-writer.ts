import { inOneLine } from '../../core/one-line.ts';
import { isPromiseLike } from '../../core/schema.ts';
import type { LogLevel, LogStyle, LogTarget } from './log-target.ts';

/** What is told beside the text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Hands lines to a logger, and keeps apart what goes wrong there. */
export class LogWriter {
  readonly style: LogStyle;
  readonly #logger: LogTarget;
  /** It has failed, which was or will be reported, and has not written anything since. */
  #isFailing = false;
  #unreported: { readonly error: unknown } | undefined;

  constructor(logger: LogTarget, style: LogStyle) {
    this.#logger = logger;
    this.style = style;
  }

  isEnabled(level: LogLevel): boolean {
    const logger = this.#logger;
    try {
      return logger[level] !== undefined && (logger.isLevelEnabled?.(level) ?? true);
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Returns whether it was written, as far as can be known at once. */
  write(level: LogLevel, text: string, fields: LogFields): boolean {
    try {
      const result = this.#call(level, withoutFormat(text), fields);
      if (isPromiseLike(result)) result.then(this.#worked, this.#failed);
      else this.#worked();
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Has an error thrown by the next {@link rethrow}. */
  report(error: unknown): void {
    this.#unreported ??= { error };
  }

  /** Throws what went wrong since the last time, within a call of the probe: there, it is reported. */
  rethrow(): void {
    const unreported = this.#unreported;
    this.#unreported = undefined;
    if (unreported !== undefined) throw unreported.error;
  }

  #call(level: LogLevel, text: string, fields: LogFields): unknown {
    const logger = this.#logger as Readonly<Record<LogLevel, (...line: readonly unknown[]) => unknown>>;
    return this.style === 'object-first' ? logger[level](fields, text) : logger[level](text, fields);
  }

  readonly #worked = (): void => {
    this.#isFailing = false;
  };

  readonly #failed = (error: unknown): void => {
    if (!this.#isFailing) this.report(error);
    this.#isFailing = true;
  };
}

/** Names are the user's: one with `%s` in it would have winston and `console` take the fields for what belongs there. */
function withoutFormat(text: string): string {
  return inOneLine(text).replaceAll('%', '％');
}
