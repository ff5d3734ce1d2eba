import { defineConfig } from 'vitest/config';
import own from '../../../vitest.config.ts';

/** Of tests that must fail: `must-fail.spec.ts` runs them in a process of their own. */
export default defineConfig({
  ...own,
  test: { include: ['spec/testing/failing/*.fixture.ts'], reporters: ['default', 'json'], testTimeout: 20_000 },
});
