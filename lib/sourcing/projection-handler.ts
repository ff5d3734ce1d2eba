import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import { checkData, isPromiseLike } from '../core/schema.ts';
import { type Handler, handlerFunction, isHandler } from '../process/handler.ts';
import type { Definitions } from './definitions.ts';
import type { ProjectionContext } from './projection.ts';
import type { RecordedEvent } from './recorded-event.ts';

type OneOrMany = RecordedEvent | readonly RecordedEvent[];
type AnyHandler = (events: OneOrMany, context: ProjectionContext) => unknown;

/**
 * The handler that a projection's engine runs: one for all, which is given data that the schemas have checked. With batches it is given arrays, whatever its type says.
 *
 * @throws InvalidOptionError for what is no handler
 */
export function projectionHandler(on: unknown, definitions: Definitions | undefined): Handler<RecordedEvent> {
  const handler = handlerOf(on);
  return (definitions === undefined ? handler : checkedBy(definitions, handler)) as Handler<RecordedEvent>;
}

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
    return (byType.get(one.type) ?? notTaken(one))(one, context);
  };
}

/** The same with data that its schemas have checked. */
function checkedBy(definitions: Definitions, handle: AnyHandler): AnyHandler {
  function checked(event: RecordedEvent): Promise<RecordedEvent> | RecordedEvent {
    const data: unknown = checkData(definitions.get(event.type) ?? notTaken(event), event.data);
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

/** The store gives none but those that are wanted; a letter may be older than this definition. */
function notTaken({ type }: RecordedEvent): never {
  throw new InvalidOptionError(
    `Expected an event of a type that the projection takes, got '${type}'. Add a handler for it, or discard its dead letter.`,
  );
}
