import { expect, it } from '@jest/globals';
import { createEventBus } from 'millrace';
import { record } from 'millrace/testing';
import 'millrace/testing/jest';
import { UserSignedUp } from './events.js';

it('has the matchers on the expect that is imported', () => {
  const bus = createEventBus();
  record(bus);
  bus.emit(UserSignedUp, { userId: 'u1' });
  expect(bus).toHaveEmitted(UserSignedUp, { userId: 'u1' });
  // @ts-expect-error -- such data it never has.
  expect(bus).not.toHaveEmitted(UserSignedUp, { userId: 1 });
});
