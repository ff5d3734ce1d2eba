import type { Context } from 'rxjs-marbles';
import { forgottenMatcher } from './forgotten-matcher.ts';

type Expect = Context['expect'];

/** Where a stock marble test expects something: its own failures come from the flush after it. */
export class ExpectationPlaces {
  /** Of those that are checked, in the order in which they are. */
  private readonly checked: Error[] = [];
  /** Of those that no matcher has followed. */
  private readonly forgotten = new Set<Error>();

  /** Notes what a test expects from now on. */
  watch(m: Context): void {
    const stock = m.expect.bind(m);
    const watched = (...observed: Parameters<Expect>): ReturnType<Expect> => {
      const place = new Error('expected here');
      const expectation = stock(...observed);
      this.forgotten.add(place);
      for (const name of ['toBeObservable', 'toHaveSubscriptions'] as const) {
        const match = expectation[name].bind(expectation) as (...drawn: never[]) => void;
        const matchHere = (...drawn: never[]): void => {
          this.check(place);
          match(...drawn);
        };
        Object.assign(expectation, { [name]: matchHere });
      }
      return expectation;
    };
    m.expect = watched;
  }

  /** The place of the next one that is checked. */
  next(): Error | undefined {
    return this.checked.shift();
  }

  /** @throws TestFailure for the first that checks nothing */
  refuseForgotten(): void {
    for (const place of this.forgotten) throw forgottenMatcher(place);
  }

  private check(place: Error): void {
    this.forgotten.delete(place);
    this.checked.push(place);
  }
}
