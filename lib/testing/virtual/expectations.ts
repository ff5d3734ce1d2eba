import { isObservable, type Observable, type Subscription } from 'rxjs';
import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import { TestFailure } from '../test-failure.ts';
import { parseDiagram, parseSubscription, type SubscriptionSpan } from './diagram-syntax.ts';
import { forgottenMatcher } from './forgotten-matcher.ts';
import type { MarbleSource } from './marble-sources.ts';
import { type IsEqual, mismatch } from './mismatch.ts';
import { isOver } from './world-failures.ts';
import { type Moment, noteMoments } from './moment.ts';

/** What can be expected of a stream. Diagrams begin at the moment of `expect`. */
export interface StreamExpectation<Value> {
  /**
   * The stream does what the diagram says, and nothing else until the test ends.
   *
   * @param marbles - in RxJS's syntax, a millisecond a character
   * @param values - what the letters stand for. @defaultValue themselves
   * @param error - what `#` stands for. @defaultValue `'error'`
   * @throws InvalidOptionError for a diagram that is malformed, or has a letter without a value
   */
  toBeObservable(marbles: string, values?: Readonly<Record<string, Value>>, error?: unknown): void;
  /** The two streams do the same at the same times, until both have ended or nothing is left to happen. */
  toEqual(other: Observable<Value>): void;
  /**
   * A source of `hot` or `cold` is subscribed to as the diagrams say, such as `'--^--!'`; by none, never.
   *
   * @throws InvalidOptionError for a diagram that is malformed, or a stream of another origin
   */
  toHaveSubscriptions(...marbles: readonly string[]): void;
}

/** The expectations of one virtual test. */
export class Expectations {
  private readonly now: () => number;
  private readonly isEqual: IsEqual;
  private readonly checks: (() => TestFailure | undefined)[] = [];
  /** Where `expect` was called, until its matcher follows. */
  private readonly unfinished = new Set<Error>();
  private readonly subscriptions: Subscription[] = [];
  private readonly compared: Subscription[] = [];
  private lastExpected = 0;
  private hasEnded = false;

  constructor(now: () => number, isEqual: IsEqual) {
    this.now = now;
    this.isEqual = isEqual;
  }

  /** Until when something is expected, by the clock of the test. */
  get horizon(): number {
    return this.lastExpected;
  }

  /** When the streams end that are compared with one another; `undefined` if there are none. */
  get ends(): Promise<void> | undefined {
    if (this.compared.length === 0) return undefined;
    return Promise.all(this.compared.map(whenClosed)).then(() => {});
  }

  expect<Value>(stream: Observable<Value>): StreamExpectation<Value> {
    if (this.hasEnded) throw isOver();
    if (!isObservable(stream)) {
      throw new InvalidOptionError(
        `Expected an Observable, got ${show(stream)}. For anything else, use the expect of your runner.`,
      );
    }
    const made = new Error('expected here');
    this.unfinished.add(made);
    const finish = (check: () => TestFailure | undefined): void => {
      this.unfinished.delete(made);
      this.checks.push(() => check()?.at(made));
    };
    return {
      toBeObservable: (marbles, values, error) => {
        const expected = parseDiagram('cold', marbles, values, error);
        const actual = this.note(stream);
        this.extend(expected.at(-1)?.at ?? 0);
        finish(() => mismatch(actual, expected, values, this.isEqual));
      },
      toEqual: (other) => {
        const [actual, expected] = [this.note(stream), this.note(other)];
        this.compared.push(...this.subscriptions.slice(-2));
        finish(() => mismatch(actual, expected, undefined, this.isEqual));
      },
      toHaveSubscriptions: (...marbles) => {
        const { subscriptions } = stream as Partial<MarbleSource<Value>>;
        if (subscriptions === undefined) {
          throw new InvalidOptionError(
            'Expected a source of hot() or cold(), which know their subscriptions, got another stream.',
          );
        }
        // As in RxJS, a diagram in which nothing is subscribed to expects nothing.
        const expected = marbles.map(parseSubscription).filter(({ from }) => from !== Infinity);
        for (const { from, to } of expected) this.extend(to === Infinity ? from : to);
        finish(() => subscriptionMismatch(subscriptions, expected, this.isEqual));
      },
    };
  }

  /** The failures, of all that was expected. */
  failures(): readonly TestFailure[] {
    const forgotten = [...this.unfinished].map(forgottenMatcher);
    return [...forgotten, ...this.checks.flatMap((check) => check() ?? [])];
  }

  /** Stops listening. */
  end(): void {
    this.hasEnded = true;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private note(stream: Observable<unknown>): readonly Moment[] {
    const moments: Moment[] = [];
    this.subscriptions.push(noteMoments(stream, this.now, moments));
    return moments;
  }

  private extend(duration: number): void {
    this.lastExpected = Math.max(this.lastExpected, this.now() + duration);
  }
}

function whenClosed(subscription: Subscription): Promise<void> {
  return new Promise((resolve) => subscription.add(resolve));
}

function subscriptionMismatch(
  actual: readonly SubscriptionSpan[],
  expected: readonly SubscriptionSpan[],
  isEqual: IsEqual,
): TestFailure | undefined {
  if (isEqual(actual, expected)) return undefined;
  return new TestFailure(
    `Expected the source to be subscribed to ${inWords(expected)}, but it was ${inWords(actual)}.`,
    { expected, actual },
  );
}

function inWords(spans: readonly SubscriptionSpan[]): string {
  if (spans.length === 0) return 'never';
  return spans.map(({ from, to }) => (to === Infinity ? `from ${from} ms on` : `from ${from} to ${to} ms`)).join(', ');
}
