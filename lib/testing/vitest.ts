/**
 * Import it for its effect, in a test or in a setup file of vitest: `expect(bus).toHaveEmitted(…)`, `toHaveDeadLettered` and `toHaveSettled`.
 *
 * @packageDocumentation
 */
import { expect } from 'vitest';
import { type BusMatchers, matchers } from './matchers.ts';

declare module 'vitest' {
  interface Matchers<T> extends BusMatchers<T> {}
}

expect.extend({ ...matchers });
