import { expectFunction } from '../../core/options.ts';
import type { EventStore } from '../../sourcing/event-store.ts';
import { storeCases } from './cases/index.ts';
import { checkedOptions, type EventStoreContractOptions } from './store-contract-options.ts';
import type { StoreContractCase } from './store-contract-case.ts';
import { StoreTrial } from './store-trial.ts';

/**
 * The promises of an event store as a list of cases, for any test runner to loop over.
 *
 * @param makeStore - opens a store; all those that a case opens must reach the same database, so that what one appends another reads. With `clients: 'one'`, a case opens one only
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryEventStore } from 'millrace';
 * import { eventStoreContract } from 'millrace/testing';
 *
 * for (const { name, skip, run } of eventStoreContract(memoryEventStore, { clients: 'one', scale: 0.01 })) {
 *   if (skip === undefined) await run(); // rejects with what was expected, and what came
 *   else console.log(`- ${name}: ${skip.reason}`);
 * }
 * ```
 */
export function eventStoreContract(
  makeStore: () => EventStore | Promise<EventStore>,
  options: EventStoreContractOptions = {},
): readonly StoreContractCase[] {
  expectFunction('makeStore', makeStore, true);
  const checked = checkedOptions(options);
  const { unavailable, clients } = checked;
  return storeCases.map(({ name, needsMany = false, run: test }) => {
    const run = (): Promise<void> => StoreTrial.run(makeStore, checked, test);
    if (unavailable !== undefined) return { name, skip: { kind: 'environment', reason: unavailable }, run };
    const isSkipped = needsMany && clients === 'one';
    return isSkipped ? { name, skip: { kind: 'capability', reason: 'it has one client only' }, run } : { name, run };
  });
}
