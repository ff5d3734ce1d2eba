/**
 * Import it for its effect, in a test or in a setup file of jest: `expect(bus).toHaveEmitted(…)`, `toHaveDeadLettered` and `toHaveSettled`.
 *
 * @packageDocumentation
 */
import type { Expect } from 'expect';
import { InvalidOptionError } from '../core/errors.ts';
import { type BusMatchers, matchers } from './matchers.ts';

/** For those who import `expect` from `\@jest/globals`. */
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T> extends BusMatchers<T, R> {}
}

/** For those who have `\@types/jest`; for the others, types of which nobody hears. */
declare global {
  namespace jest {
    interface Matchers<R, T> extends BusMatchers<T, R> {}
  }
}

const { expect } = globalThis as { readonly expect?: Expect };
if (typeof expect?.extend !== 'function') {
  throw new InvalidOptionError(
    "Expected the global expect of jest, got none. With injectGlobals: false, call expect.extend(matchers) with what 'millrace/testing/matchers' exports.",
  );
}
expect.extend({ ...matchers });
