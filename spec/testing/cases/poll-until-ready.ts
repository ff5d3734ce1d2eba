import { virtualTest } from 'millrace/testing';
import { catchError, exhaustMap, first, of, timeout, timer } from 'rxjs';
import { it, vi } from 'vitest';

/** Asks for the state of an export every 100 ms, for two seconds at the most. */
const whenReady = (ask: () => Promise<string>) =>
  timer(0, 100).pipe(
    exhaustMap(ask),
    first((state) => state === 'ready'),
    timeout({ first: 2_000 }),
  );

it(
  'polls until an export is ready',
  virtualTest(({ expect }) => {
    const ask = vi
      .fn(async () => 'ready')
      .mockResolvedValueOnce('queued')
      .mockResolvedValueOnce('running');
    expect(whenReady(ask)).toBeObservable('200ms (r|)', { r: 'ready' });
  }),
);

it(
  'gives up after two seconds',
  virtualTest(({ expect }) => {
    const ended$ = whenReady(async () => 'queued').pipe(catchError((error: Error) => of(error.name)));
    expect(ended$).toBeObservable('2s (t|)', { t: 'TimeoutError' });
  }),
);
