import { type MemoryBrokerStoreOptions, memoryBroker, memoryBrokerStore } from 'millrace';
import { brokerContract } from 'millrace/testing';
import { describe, it } from 'vitest';
import { SteppedClock } from '../support/stepped-clock.ts';
import { runVirtually } from '../support/virtual-run.ts';

// Watermill's own sizes, by hand: MILLRACE_SCALE=1 npx vitest run spec/broker/memory-broker.contract.spec.ts
const SCALE = Number(process.env['MILLRACE_SCALE'] ?? 0.1);

/** The memory broker in its variants: what it does not claim is skipped. */
const VARIANTS: readonly { readonly title: string; readonly options: MemoryBrokerStoreOptions }[] = [
  { title: 'memoryBroker()', options: {} },
  { title: 'memoryBroker() in total order', options: { order: 'total' } },
  { title: 'memoryBroker() in no order', options: { order: 'none' } },
  { title: 'memoryBroker() without history and de-duplication', options: { historySize: 0, deduplicationWindowMs: 0 } },
  { title: 'memoryBroker() that drops', options: { overflow: 'drop-oldest' } },
];

describe.each(VARIANTS)('$title', ({ options }) => {
  const clock = new SteppedClock();
  const store = memoryBrokerStore({ ...options, scheduler: clock });
  const open = () => memoryBroker({ store });
  const cases = brokerContract(open, open().capabilities, { scheduler: clock, scale: SCALE });
  for (const { name, skip, run } of cases) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 20_000 + SCALE * 60_000 }, () => runVirtually(clock, run));
  }
});
