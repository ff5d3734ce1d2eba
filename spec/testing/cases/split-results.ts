import { splitResults, supervise } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { map } from 'rxjs';
import { it } from 'vitest';

it(
  'sends parcels with three vans, and lists apart those whose address nobody knows',
  virtualTest(({ cold, expect }) => {
    const deliver = async (address: string): Promise<string> => {
      if (address === '?') throw new Error('no such street');
      return new Promise((resolve) => setTimeout(() => resolve(`delivered to ${address}`), 10));
    };
    const { successes, failures } = splitResults(
      cold('ab?c|').pipe(supervise(deliver, { concurrency: 3, retry: { maxAttempts: 2, delayMs: 5 } })),
    );

    expect(successes.pipe(map(({ result }) => result))).toBeObservable('10ms ab-(c|)', {
      a: 'delivered to a',
      b: 'delivered to b',
      c: 'delivered to c',
    });
    // The second attempt is due at 7 ms, but waits for a van.
    expect(failures.pipe(map(({ event, attempts }) => `${event} after ${attempts} attempts`))).toBeObservable(
      '10ms f--|',
      { f: '? after 2 attempts' },
    );
  }),
);
