import { createEventBus } from 'millrace';
import { marbles, record, virtualTest } from 'millrace/testing';
import 'millrace/testing/jest';
import { concatMap, debounceTime } from 'rxjs';
import { UserSignedUp } from './events.js';

// Each of these must fail, and show what came.
it(
  'wrong in marbles',
  marbles((m) => {
    m.expect(m.cold('a-b---c|').pipe(debounceTime(3))).toBeObservable('----b--(c|)');
  }),
);

it(
  'wrong in virtual time',
  virtualTest(({ cold, expect: expectStream }) => {
    const upper$ = cold('-a--b|').pipe(concatMap(async (letter) => letter.toUpperCase()));
    expectStream(upper$).toBeObservable('-A--C|');
  }),
);

it('wrong by a matcher', () => {
  const bus = createEventBus();
  record(bus);
  bus.emit(UserSignedUp, { userId: 'u2' });
  expect(bus).toHaveEmitted(UserSignedUp, { userId: 'u1' });
});
