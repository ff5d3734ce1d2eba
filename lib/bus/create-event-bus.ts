import type { EventDefinition } from '../core/event-definition.ts';
import { BusFace } from './bus-face.ts';
import type { EventBus } from './event-bus.ts';
import { Hub } from './hub.ts';
import type { HubOptions } from './hub-options.ts';

/** Options of {@link createEventBus}. */
export interface EventBusOptions<Known extends EventDefinition = EventDefinition> extends HubOptions {
  /** The events of this bus: patterns are then typed, and any other event does not compile. @defaultValue any event is welcome */
  readonly events?: readonly Known[];
}

/**
 * Creates a bus in this process.
 *
 * @throws InvalidOptionError for options that cannot work, or two definitions of one type
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ email: string }>());
 * const bus = createEventBus();
 * bus.on(UserSignedUp, async ({ data }) => console.log(`welcome, ${data.email}`), {
 *   name: 'welcome-mail',
 *   concurrency: 8,
 *   retry: { maxAttempts: 5, jitter: 'full' },
 * });
 * const report = await bus.publish(UserSignedUp, { email: 'ada@example.com' });
 * console.log(report.ok);
 * await bus.drain({ deadlineMs: 5_000 });
 * ```
 */
export function createEventBus<const Known extends EventDefinition = EventDefinition>({
  events,
  ...options
}: EventBusOptions<Known> = {}): EventBus<Known> {
  return new BusFace(new Hub(options, events)) as unknown as EventBus<Known>;
}
