import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { type CreateId, createUuidV7 } from '../core/ids.ts';
import { expectCount, expectFunction, expectOptions, show } from '../core/options.ts';
import { decideRetry, type RetryPolicy } from '../flow/retry-policy.ts';
import type { Probes } from '../process/watch.ts';
import type { Aggregate } from './aggregate.ts';
import { expectStore } from './check-arguments.ts';
import type { EventStore } from './event-store.ts';
import type { NewEvent } from './new-event.ts';
import type { Repository } from './repository.ts';
import { StoreRepository } from './store-repository.ts';

/** How aggregates are loaded and written. */
export interface RepositoryOptions {
  /** Events after which the state is kept, so that a load reads at most about so many; ≥ 1. @defaultValue none: every load reads all events */
  readonly snapshotEvery?: number;
  /** When a command is tried again after a conflict, or an append after a lost connection. @defaultValue 10 attempts, 5 ms and growing to 500 ms, full jitter */
  readonly retry?: Omit<RetryPolicy, 'retryIf'>;
  /** The timers of the pauses. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** Makes the ids of events. @defaultValue UUID version 7 */
  readonly createId?: CreateId;
  /** Is told of each event that is appended, as `publishing` and `published`, and may add headers to it, such as a trace's. @defaultValue none */
  readonly probe?: Probes;
}

/**
 * Creates a repository of an aggregate in a store.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createRepository, defineAggregate, memoryEventStore } from 'millrace';
 *
 * const Counter = defineAggregate({
 *   name: 'counter',
 *   initial: 0,
 *   decide: (by: number, _count: number) => ({ type: 'counted', data: { by } }),
 *   evolve: (count: number, { data }) => count + data.by,
 * });
 * await using store = memoryEventStore();
 * const counters = createRepository(store, Counter, { snapshotEvery: 100 });
 * const { state, version } = await counters.execute('visits', 2, { commandId: 'request-17' });
 * console.log(state, version); // 2 1
 * ```
 */
export function createRepository<State, Command, Event extends NewEvent>(
  store: EventStore,
  aggregate: Aggregate<State, Command, Event>,
  options: RepositoryOptions = {},
): Repository<State, Command, Event> {
  const {
    snapshotEvery,
    retry = {},
    scheduler = asyncScheduler,
    random = Math.random,
    createId = createUuidV7(),
    probe,
  } = expectOptions('options', options);
  const policy = { ...CONFLICT_RETRY, ...expectOptions('retry', retry) };
  expectFunction('random', random);
  decideRetry(policy, random);
  return new StoreRepository({
    store: expectStore(store),
    aggregate: expectAggregate(aggregate),
    snapshotEvery: snapshotEvery === undefined ? Infinity : expectCount('snapshotEvery', snapshotEvery, 1),
    scheduler,
    probe,
    createId: expectFunction('createId', createId),
    decideRetry: (retryIf) => decideRetry({ ...policy, retryIf }, random),
  });
}

const CONFLICT_RETRY: RetryPolicy = /* @__PURE__ */ Object.freeze({
  maxAttempts: 10,
  delayMs: 5,
  maxDelayMs: 500,
  jitter: 'full',
});

function expectAggregate<Value extends object>(aggregate: Value): Value {
  if (typeof (aggregate as Partial<Aggregate<unknown, unknown>> | undefined)?.decide === 'function') return aggregate;
  throw new InvalidOptionError(`Expected an aggregate, as defineAggregate makes it, got ${show(aggregate)}.`);
}
