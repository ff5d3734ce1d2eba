/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, isObservable, type Observable, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';
import { preview } from '../preview.ts';
import { type Moment, noteMoments } from '../virtual/moment.ts';
import { Letters } from './letters.ts';
import { marbleText } from './marble-text.ts';

/** Options of {@link diagram}. */
export interface DiagramOptions {
  /** Letters for values. @defaultValue a single character stands for itself, any other value for the next letter that is free */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Tells the time. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** What a stream has done so far. */
export interface Diagram extends Disposable {
  /**
   * The marble diagram in RxJS's syntax, a millisecond a character; below it, what letters and `#` stand for. A group, such as `(ab)`, takes as many
   * milliseconds as it has characters; what comes sooner after it has its time in brackets, as in `(ab)[2ms]c`, which RxJS cannot read.
   */
  toString(): string;
  /** Stops listening. */
  unsubscribe(): void;
}

/**
 * Draws what a stream does from now on, as a marble diagram that fits an inline snapshot.
 *
 * @throws InvalidOptionError for what is not an Observable, or an option that does not exist
 *
 * @example
 * ```ts
 * import { diagram, virtualTest } from 'millrace/testing';
 * import { delay } from 'rxjs';
 *
 * const test = virtualTest(async ({ time, cold }) => {
 *   const picture = diagram(cold('a--(b|)').pipe(delay(20)));
 *   await time.runAll();
 *   console.assert(String(picture) === '20ms a--(b|)');
 * });
 * await test();
 * ```
 */
export function diagram(source: Observable<unknown>, options: DiagramOptions = {}): Diagram {
  const { values, scheduler = asyncScheduler } = expectKnownOptions('diagram', options, ['values', 'scheduler']);
  if (!isObservable(source)) throw new InvalidOptionError(`Expected an Observable, got ${show(source)}.`);
  const moments: Moment[] = [];
  const listening = noteMoments(source, () => scheduler.now(), moments);
  const unsubscribe = (): void => listening.unsubscribe();
  return {
    toString: () => {
      const letters = new Letters(values);
      const text = marbleText(moments, letters);
      return [text, ...letters.legend(), ...errorsOf(moments)].join('\n');
    },
    unsubscribe,
    [Symbol.dispose]: unsubscribe,
  };
}

/** What `#` stands for: at most one, as it ends the stream. */
function errorsOf(moments: readonly Moment[]): readonly string[] {
  return moments.flatMap(({ notification }) =>
    notification.kind === 'E' ? [`# = ${preview(notification.error)}`] : [],
  );
}
