import { virtualTest } from 'millrace/testing';
import { describe, expect, it, vi } from 'vitest';

describe('advance', () => {
  it(
    'takes along what is due at its end, also if a promise makes the timer after the call',
    virtualTest(async ({ time }) => {
      const fired = vi.fn();
      void Promise.resolve().then(() => setTimeout(() => fired(time.now), 10));
      await time.advance(10);
      expect(fired.mock.calls).toStrictEqual([[10]]);
    }),
  );

  it(
    'takes along what such timers make for the same time',
    virtualTest(async ({ time }) => {
      const steps: string[] = [];
      const then = async (step: string): Promise<void> => {
        await Promise.resolve();
        steps.push(step);
        if (step.length < 4) setTimeout(() => void then(`${step}+`), 0);
      };
      setTimeout(() => void then('a'), 10);
      await time.advance(10);
      expect(steps).toStrictEqual(['a', 'a+', 'a++', 'a+++']);
    }),
  );

  it(
    'leaves alone what is due a millisecond later',
    virtualTest(async ({ time }) => {
      const fired = vi.fn();
      setTimeout(fired, 11);
      await time.advance(10);
      expect([time.now, fired.mock.calls.length]).toStrictEqual([10, 0]);
      await time.advance(1);
      expect([time.now, fired.mock.calls.length]).toStrictEqual([11, 1]);
    }),
  );
});

describe('settle', () => {
  it(
    'waits for timers without a delay that promises make, and lets no time pass',
    virtualTest(async ({ time }) => {
      const fired = vi.fn();
      void Promise.resolve().then(() => setTimeout(fired, 0));
      setTimeout(fired, 1);
      await time.settle();
      expect([time.now, fired.mock.calls.length]).toStrictEqual([0, 1]);
      await time.runAll();
    }),
  );
});
