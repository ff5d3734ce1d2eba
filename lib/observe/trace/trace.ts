import { InvalidOptionError } from '../../core/errors.ts';
import type { EventMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { EventStore } from '../../sourcing/event-store.ts';
import type { RecordedEvent } from '../../sourcing/recorded-event.ts';
import { CollectedTrace } from './collected-trace.ts';
import type { EventTrace, RecordedBus, TracedEnd, TracedEvent } from './event-trace.ts';

/** An event, for the chain that it belongs to; or the chain's correlation id. */
export type Correlated = string | Pick<EventMessage, 'headers' | 'id'>;

/**
 * Tells what one event caused, as a tree: without OpenTelemetry, from the `correlationId` and the `causationId` that messages carry. Handlers set them by
 * `context.emit` and `context.publish`, and repositories by `causedBy`; brokers and stores keep them.
 *
 * An event that came several times, as at least once has it, is in the tree once. One whose cause is not there is a root, and marked as an orphan.
 * What follows from a batch of several events has no one cause, and is a root, too.
 *
 * ```text
 * user.signed_up        …4a1c09be  +0 ms
 * ├─ mail.requested     …77e0b3d2  +3 ms
 * │  └─ mail.sent       …c0ffee12  +1.20 s
 * └─ account.opened     …5d90aa31  +4 ms
 * ```
 *
 * @param events - messages or recorded events, in the order in which they came
 * @param correlated - any event of the chain; or its correlation id, which is the id of the event that it began with, unless you have set another
 * @throws InvalidOptionError for what are no events, and for what is no id
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, type EventMessage, payload, trace } from 'millrace';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
 * const MailRequested = defineEvent('mail.requested', payload<{ to: string }>());
 * const bus = createEventBus();
 * bus.on(UserSignedUp, ({ data }, { emit }) => void emit(MailRequested, { to: data.userId }));
 * const events: EventMessage[] = [];
 * bus.events('>').subscribe((event) => events.push(event));
 *
 * bus.emit(UserSignedUp, { userId: 'u1' });
 * const tree = trace(events, events[0]!);
 * console.log(String(tree));
 * console.assert(tree.roots[0]?.children[0]?.event.type === 'mail.requested');
 * ```
 */
export function trace<Event extends TracedEvent>(events: Iterable<Event>, correlated: Correlated): EventTrace<Event>;
/** The same of a recorded bus, and how its handlers ended. */
export function trace(recorded: RecordedBus, correlated: Correlated): EventTrace<EventMessage>;
/** The same of all that a store has, page by page: of what does not belong to it, nothing is kept. */
export function trace(store: Pick<EventStore, 'readAll'>, correlated: Correlated): Promise<EventTrace<RecordedEvent>>;
/** The same of some events of a store, such as `store.readAll({ from: checkpoint })`. */
export function trace<Event extends TracedEvent>(
  events: AsyncIterable<Event>,
  correlated: Correlated,
): Promise<EventTrace<Event>>;
export function trace(
  source: AsyncIterable<TracedEvent> | Iterable<TracedEvent> | Pick<EventStore, 'readAll'> | RecordedBus,
  correlated: Correlated,
): EventTrace | Promise<EventTrace> {
  const collected = new CollectedTrace(correlationIdOf(correlated));
  if (typeof source === 'object' && source !== null) {
    if ('readAll' in source) return collectAsync(collected, source.readAll());
    if ('published' in source) return collect(collected, source.published(), source.settled());
    if (Symbol.asyncIterator in source) return collectAsync(collected, source);
    if (Symbol.iterator in source) return collect(collected, source);
  }
  throw new InvalidOptionError(
    `Expected a list of messages, a recorded bus or an event store to trace events in, got ${show(source)}.`,
  );
}

function collect(
  collected: CollectedTrace,
  events: Iterable<TracedEvent>,
  ends: readonly (TracedEnd & { readonly event: TracedEvent })[] = [],
): EventTrace {
  for (const event of events) collected.add(event);
  for (const { event, ...end } of ends) collected.addEnd(event, end);
  return collected.finish();
}

async function collectAsync(collected: CollectedTrace, events: AsyncIterable<TracedEvent>): Promise<EventTrace> {
  for await (const event of events) collected.add(event);
  return collected.finish();
}

function correlationIdOf(correlated: Correlated): string {
  const id =
    typeof correlated === 'object' && correlated !== null
      ? (correlated.headers?.correlationId ?? correlated.id)
      : correlated;
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidOptionError(`Expected a correlation id, or an event, to trace, got ${show(correlated)}.`);
}
