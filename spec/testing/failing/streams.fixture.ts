import { marbles, virtualTest } from 'millrace/testing';
import { delay, map, mergeAll } from 'rxjs';
import { it } from 'vitest';

it(
  'wrong value',
  virtualTest(({ cold, expect }) => {
    const prices$ = cold('-a--b|', { a: 1, b: 2 }).pipe(
      map(async (price) => price * 2),
      mergeAll(),
    );
    expect(prices$).toBeObservable('-a--b|', { a: 2, b: 5 });
  }),
);

it(
  'wrong time',
  virtualTest(({ cold, expect }) => {
    expect(cold('-a--b|').pipe(delay(20))).toBeObservable('21ms a-b|');
  }),
);

it(
  'extra emission',
  virtualTest(({ cold, expect }) => {
    expect(cold('-a--b')).toBeObservable('-a');
  }),
);

it(
  'missing completion',
  virtualTest(({ cold, expect }) => {
    expect(cold('-a--b')).toBeObservable('-a--b|');
  }),
);

it(
  'wrong value in stock marbles',
  marbles((m) => {
    m.expect(m.cold('-a--b|')).toBeObservable('-a--c|');
  }),
);

it(
  'async callback in marbles',
  // oxlint-disable-next-line typescript/no-misused-promises -- the mistake is the point
  marbles(async (m) => {
    await Promise.resolve();
    m.expect(m.cold('a|')).toBeObservable('wrong|');
  }),
);

it(
  'forgotten matcher',
  virtualTest(({ cold, expect }) => {
    expect(cold('-a--b|'));
  }),
);

it(
  'forgotten matcher in stock marbles',
  marbles((m) => {
    m.expect(m.cold('-a--b|'));
  }),
);
