import { asyncScheduler, type SchedulerLike, Subscription } from 'rxjs';
import type { EventBus, ReadonlyEventBus } from '../../bus/event-bus.ts';
import type { EventSource, MessageFrom, Reachable } from '../../bus/event-source.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { EventMessage } from '../../core/message.ts';
import { expectDelay, expectFunction, show } from '../../core/options.ts';
import { isPromiseLike } from '../../core/schema.ts';
import { whenAborted } from '../../core/when-aborted.ts';
import { TestFailure } from '../test-failure.ts';
import { expectKnownOptions } from '../known-options.ts';
import { Arrivals } from './arrivals.ts';
import { eventsOf } from './events-of.ts';

/** Options of {@link waitFor}. */
export interface WaitForOptions<Message = EventMessage> {
  /** Which of them. @defaultValue the first */
  readonly where?: (message: Message) => boolean;
  /** Milliseconds until it fails; \> 0. @defaultValue 1_000 */
  readonly timeoutMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Times the waiting. @defaultValue the clock of the bus: real time, or virtual time in a `virtualTest` */
  readonly scheduler?: SchedulerLike;
}

/**
 * Waits for an event of a bus: for integration tests, in which what is looked for comes in its own time. If it does not come, the failure
 * shows what did.
 *
 * Only what is emitted after the call counts, also where a subject replays or a recording knows what was before: so call it first, then do what makes
 * the event, then await. When it resolves, every handler has been offered the event, but need not have ended.
 *
 * ```text
 * Expected 'order.placed' for which `where` is true within 1000 ms, but it did not come. 1 of that type did, but failed `where`. What arrived, …:
 *     +3  user.signed_up  { userId: 'u1' }
 *   +120  order.placed    { id: 'o2', total: 3 }  (failed `where`)
 * ```
 *
 * @param source - an event, a list of events, or a pattern such as `'user.*'`
 * @returns the message
 * @throws TestFailure when it does not come in time, or the bus is closed first; the reason of an aborted `signal`; what `where` throws;
 * InvalidOptionError for a source or an option that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { waitFor } from 'millrace/testing';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: string; total: number }>());
 * const bus = createEventBus();
 * const placed = waitFor(bus, OrderPlaced, { where: ({ data }) => data.total > 10, timeoutMs: 2_000 });
 * setTimeout(() => bus.emit(OrderPlaced, { id: 'o1', total: 11 }), 5);
 * const { data } = await placed;
 * console.assert(data.id === 'o1');
 * ```
 */
export async function waitFor<Known extends EventDefinition, const Source extends EventSource<Known>>(
  bus: EventBus<Known> | ReadonlyEventBus<Known>,
  source: Reachable<Source, Known> & Source,
  options: WaitForOptions<MessageFrom<Source, Known>> = {},
): Promise<MessageFrom<Source, Known>> {
  const { label, matches } = eventsOf(source);
  const listenable = expectBus(bus);
  const {
    where,
    timeoutMs = 1_000,
    signal,
    scheduler = listenable.scheduler ?? asyncScheduler,
  } = checkOptions(options);
  const all = listenable.events('>');
  signal?.throwIfAborted();
  const arrivals = new Arrivals(scheduler);
  const wanted = `${label}${where === undefined ? '' : ' for which `where` is true'}`;

  return new Promise((resolve, reject) => {
    const waiting = new Subscription();
    let isPast = true;

    const end = (settle: () => void): void => {
      waiting.unsubscribe();
      settle();
    };
    const fail = (how: string): void => {
      end(() => reject(new TestFailure(`Expected ${wanted} ${how}. ${String(arrivals)}`)));
    };
    const receive = (message: EventMessage): void => {
      // What a subject replays was there before.
      if (isPast) return;
      // Its type says that it is of the source.
      const found = message as MessageFrom<Source, Known>;
      const isOfKind = matches(message.type);
      try {
        if (isOfKind && isWanted(found, where)) end(() => resolve(found));
        else arrivals.add(message, isOfKind);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const abort = (): void => end(() => reject(signal?.reason));

    waiting.add(signal && whenAborted(signal, abort));
    waiting.add(scheduler.schedule(() => fail(`within ${timeoutMs} ms, but it did not come`), timeoutMs));
    waiting.add(
      all.subscribe({
        next: receive,
        complete: () => fail(`within ${timeoutMs} ms, but the bus was closed after ${arrivals.elapsedMs} ms`),
      }),
    );
    isPast = false;
  });
}

function isWanted<Message>(message: Message, where: WaitForOptions<Message>['where']): boolean {
  if (where === undefined) return true;
  const answer: unknown = where(message);
  if (!isPromiseLike(answer)) return Boolean(answer);
  throw new InvalidOptionError('Expected where to answer at once, got a promise. Await the event, then look at it.');
}

function checkOptions<Message>(options: WaitForOptions<Message>): WaitForOptions<Message> {
  expectKnownOptions('waitFor', options, ['where', 'timeoutMs', 'signal', 'scheduler']);
  const { where, timeoutMs } = options;
  expectFunction('where', where);
  if (timeoutMs !== undefined) expectDelay('timeoutMs', timeoutMs, true);
  return options;
}

/** A view of a bus does not say what its clock is. */
type Listenable = Pick<ReadonlyEventBus, 'events'> & { readonly scheduler?: SchedulerLike };

function expectBus(bus: unknown): Listenable {
  const { events } = (bus ?? {}) as Partial<ReadonlyEventBus>;
  if (typeof events === 'function') return bus as Listenable;
  throw new InvalidOptionError(`Expected a bus, or the view of one that asReadonly gives, got ${show(bus)}.`);
}
