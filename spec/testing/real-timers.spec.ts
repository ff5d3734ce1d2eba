import { virtualTest } from 'millrace/testing';
import { timer } from 'rxjs';
import { expect, it, vi } from 'vitest';

const realTurn = setImmediate;

/** Long enough for real timers of a millisecond to fire several times. */
function realTurns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => void (left === 0 ? resolve() : realTurn(() => next(left - 1)));
    next(count);
  });
}

it('lets a timer of real time that was left behind be cleared by virtual code', async () => {
  const fired = vi.fn();
  const left = setInterval(fired, 1);
  await virtualTest(() => clearInterval(left))();
  const until = performance.now() + 5;
  while (performance.now() < until) await realTurns(1);
  expect(fired).not.toHaveBeenCalled();
});

it('lets what RxJS has left behind in real time fire once, though it clears its interval within a virtual test', async () => {
  const fired = vi.fn();
  timer(1).subscribe(fired);
  const begun = performance.now();
  const now = performance.now.bind(performance);
  await virtualTest(async () => {
    while (now() < begun + 5) await realTurns(1);
  })();
  // RxJS throws 'executing a cancelled action', which nobody can catch, if its interval goes on.
  while (now() < begun + 10) await realTurns(1);
  expect(fired).toHaveBeenCalledTimes(1);
});
