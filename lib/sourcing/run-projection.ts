import type { EventDefinition } from '../core/event-definition.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay, expectFunction, expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import { checkData, isPromiseLike } from '../core/schema.ts';
import { type Handler, handlerFunction, isHandler } from '../process/handler.ts';
import type { HandlerOptions } from '../process/processor-options.ts';
import { expectStreams } from './check-arguments.ts';
import type { EventStore } from './event-store.ts';
import type {
  BatchedProjectionDefinition,
  Projection,
  ProjectionContext,
  ProjectionDefinition,
  ProjectionOptions,
} from './projection.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { engineOptions, type ProjectionSettings } from './projection-settings.ts';
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
  const { name, on, events, streams, onFailure = 'stop', prepare, discard, ...handling } = definition;
  const { checkpoints = store.documents, leaseMs = 5_000, checkpointEveryMs = 100 } = expectOptions('options', options);
  expectName('name', name);
  const settings: ProjectionSettings = {
    name,
    store,
    handler: checkedBy(events, handlerOf(on)) as Handler<RecordedEvent>,
    engine: engineOptions(handling as HandlerOptions<RecordedEvent>, { ...options, name }),
    types: typesOf(on, events),
    streams: expectStreams(streams),
    onFailure: expectOneOf('onFailure', onFailure, ['stop', 'dead-letter']),
    prepare: expectFunction('prepare', prepare),
    discard: expectFunction('discard', discard),
    checkpoints,
    leaseMs: expectDelay('leaseMs', leaseMs, true),
    checkpointEveryMs: expectDelay('checkpointEveryMs', checkpointEveryMs),
  };
  return new StoreProjection(settings, options);
}

type OneOrMany = RecordedEvent | readonly RecordedEvent[];
type AnyHandler = (events: OneOrMany, context: ProjectionContext) => unknown;

/** One handler for all, which asks the handler of the event's type. */
function handlerOf(on: unknown): AnyHandler {
  if (isHandler(on)) return handlerFunction(on as Handler<OneOrMany, ProjectionContext>);
  if (typeof on !== 'object' || on === null || Object.keys(on).length === 0) {
    throw new InvalidOptionError(
      `Expected on to be a handler, or handlers by event type, such as { 'account.deposited': (event) => … }, got ${show(on)}.`,
    );
  }
  const byType = new Map(
    Object.entries(on).map(([type, handler]) => [
      type,
      handlerFunction(handler as Handler<RecordedEvent, ProjectionContext>),
    ]),
  );
  return (event, context) => {
    const one = event as RecordedEvent;
    return byType.get(one.type)?.(one, context);
  };
}

/** The same with data that its schemas have checked. */
function checkedBy(events: readonly EventDefinition[] | undefined, handle: AnyHandler): AnyHandler {
  if (events === undefined) return handle;
  const definitions = new Map(events.map((definition) => [definition.type, definition]));

  function checked(event: RecordedEvent): Promise<RecordedEvent> | RecordedEvent {
    const data: unknown = checkData(definitions.get(event.type)!, event.data);
    if (isPromiseLike(data)) return Promise.resolve(data).then((settled) => ({ ...event, data: settled }));
    return data === event.data ? event : { ...event, data };
  }

  return (given, context) => {
    const ready: readonly (Promise<RecordedEvent> | RecordedEvent)[] = [given].flat().map(checked);
    const hand = (list: readonly RecordedEvent[]): unknown => handle(Array.isArray(given) ? list : list[0]!, context);
    if (!ready.some(isPromiseLike)) return hand(ready as readonly RecordedEvent[]);
    return Promise.all(ready.map((event) => Promise.resolve(event))).then(hand);
  };
}

function typesOf(on: unknown, events: readonly EventDefinition[] | undefined): readonly string[] | undefined {
  const known = events?.map(({ type }) => type);
  if (isHandler(on)) return known;
  const named = Object.keys(on as object);
  const unknown = named.find((type) => known?.includes(type) === false);
  if (unknown === undefined) return named;
  throw new InvalidOptionError(
    `Expected on to name types of events ('${known!.join("', '")}'), got '${unknown}'. Add its definition to events.`,
  );
}
