import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import type { EventBus } from '../../bus/event-bus.ts';
import type { PublishOptions } from '../../bus/event-emitter.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { EventMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { PublishReport } from '../../core/outcome.ts';

/** A bus that can be bridged: any that `createEventBus` or `createBrokeredBus` makes. */
export type BridgedBus<Known extends EventDefinition = EventDefinition> = Pick<
  EventBus<Known, PublishReport>,
  'events' | 'ingestAsync'
>;

/** The same without the inference. */
export interface AnyBus {
  events(source: readonly EventDefinition[]): Observable<EventMessage>;
  ingestAsync(definition: EventDefinition, raw: unknown, options?: PublishOptions): Promise<PublishReport | false>;
}

/** Returns `bus` if it is one. */
export function expectBus<Known extends EventDefinition>(bus: BridgedBus<Known>): AnyBus {
  const parts = ((bus as unknown) ?? {}) as Partial<AnyBus>;
  if (typeof parts.events === 'function' && typeof parts.ingestAsync === 'function') return bus as unknown as AnyBus;
  throw new InvalidOptionError(`Expected a bus, such as createEventBus() makes, got ${show(bus)}.`);
}

/** The clock of a bus, unless another one is given. */
export function schedulerOf(bus: AnyBus, given: SchedulerLike | undefined): SchedulerLike {
  return given ?? (bus as { readonly scheduler?: SchedulerLike }).scheduler ?? asyncScheduler;
}
