import { expect, it } from 'vitest';
import { RecentIds } from '../../lib/broker/recent-ids.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

it('remembers at most 100,000 ids, however long their window is', () => {
  const ids = new RecentIds(1_000_000, new VirtualClock());
  for (let number = 0; number <= 100_000; number++) ids.add(`id-${number}`);
  expect([ids.has('id-0'), ids.has('id-1'), ids.has('id-100000')]).toEqual([false, true, true]);
});
