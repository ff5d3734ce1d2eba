import { asyncScheduler } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import { expectDelay, expectFunction, expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import { createDeadLetterQueue } from '../process/dead-letter-queue.ts';
import { isHandler } from '../process/handler.ts';
import type { HandlerOptions } from '../process/processor-options.ts';
import { expectStore, expectStreams } from './check-arguments.ts';
import { type Definitions, definitionsOf } from './definitions.ts';
import type { DocumentStore } from './document-store.ts';
import type { EventStore } from './event-store.ts';
import type { BatchedProjectionDefinition, Projection, ProjectionDefinition, ProjectionOptions } from './projection.ts';
import { projectionHandler } from './projection-handler.ts';
import { engineOptions } from './projection-settings.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { StoreProjection } from './store-projection.ts';

/**
 * Runs a projection: it handles all events of a store, then those that come, and goes on where it was when the program starts again. Only one process runs it at
 * a time; the others stand by.
 *
 * @throws InvalidOptionError for a definition or an option that cannot work
 *
 * @example
 * ```ts
 * import { defineEvent, memoryEventStore, payload, runProjection } from 'millrace';
 *
 * const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
 * const balances = new Map<string, number>();
 * await using store = memoryEventStore();
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } });
 *
 * await using projection = runProjection(store, {
 *   name: 'balances',
 *   events: [Deposited],
 *   on: {
 *     'account.deposited': ({ stream, data }) => void balances.set(stream, (balances.get(stream) ?? 0) + data.amount),
 *   },
 * });
 * await projection.caughtUp();
 * console.log(balances); // Map { 'account-1' => 40 }
 * ```
 */
export function runProjection<const Definition extends EventDefinition>(
  store: EventStore,
  definition: ProjectionDefinition<Definition>,
  options?: ProjectionOptions,
): Projection;
/** The same with a handler that is given arrays of events. */
export function runProjection<const Definition extends EventDefinition>(
  store: EventStore,
  definition: BatchedProjectionDefinition<Definition>,
  options?: ProjectionOptions,
): Projection;
export function runProjection<Definition extends EventDefinition>(
  store: EventStore,
  definition: BatchedProjectionDefinition<Definition> | ProjectionDefinition<Definition>,
  options: ProjectionOptions = {},
): Projection {
  expectStore(store);
  if (definition === undefined) throw new InvalidOptionError('Expected the definition of a projection, got undefined.');
  const {
    name,
    on,
    events,
    streams,
    onFailure = 'stop',
    prepare,
    discard,
    ...handling
  } = expectOptions('the definition of a projection', definition);
  const {
    checkpoints = store.documents,
    leaseMs = 5_000,
    checkpointEveryMs = 100,
    from = 'start',
    scheduler = asyncScheduler,
    deadLetters,
    probe,
  } = expectOptions('options', options);
  expectName('name', name);
  const definitions = events === undefined ? undefined : definitionsOf(events);
  return new StoreProjection({
    name,
    store,
    handler: projectionHandler(on, definitions),
    engine: engineOptions(handling as HandlerOptions<RecordedEvent>, { ...options, name }),
    types: typesOf(on, definitions),
    streams: expectStreams(streams),
    from: expectOneOf('from', from, ['start', 'end']),
    onFailure: expectOneOf('onFailure', onFailure, ['stop', 'dead-letter']),
    prepare: expectFunction('prepare', prepare),
    discard: expectFunction('discard', discard),
    checkpoints: expectDocuments(checkpoints),
    leaseMs: expectDelay('leaseMs', leaseMs, true),
    checkpointEveryMs: expectDelay('checkpointEveryMs', checkpointEveryMs),
    probe,
    scheduler,
    deadLetters: deadLetters ?? createDeadLetterQueue({ scheduler, store: store.deadLetters(`projection:${name}`) }),
  });
}

function typesOf(on: unknown, definitions: Definitions | undefined): readonly string[] | undefined {
  const known = definitions && [...definitions.keys()];
  if (isHandler(on)) return known;
  const named = Object.keys(on as object);
  const unknown = named.find((type) => known?.includes(type) === false);
  if (unknown === undefined) return named;
  throw new InvalidOptionError(
    `Expected on to name types of events ('${known!.join("', '")}'), got '${unknown}'. Add its definition to events.`,
  );
}

function expectDocuments(documents: DocumentStore): DocumentStore {
  if (typeof (documents as Partial<DocumentStore> | null)?.put === 'function') return documents;
  throw new InvalidOptionError(
    `Expected checkpoints to be documents, such as those of a store (store.documents), got ${show(documents)}.`,
  );
}
