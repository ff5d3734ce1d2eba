import { it } from 'node:test';
import { concatMap, debounceTime } from 'rxjs';
import { marbles, virtualTest } from './kit.js';

// Each of these must fail, and show what came.
it(
  'wrong in marbles',
  marbles((m) => {
    m.expect(m.cold('a-b---c|').pipe(debounceTime(3))).toBeObservable('----b--(c|)');
  }),
);

it(
  'wrong in virtual time',
  virtualTest(({ cold, expect }) => {
    const upper$ = cold('-a--b|').pipe(concatMap(async (letter) => letter.toUpperCase()));
    expect(upper$).toBeObservable('-A--C|');
  }),
);
