import type { EventBus } from '../../bus/event-bus.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { show } from '../../core/options.ts';
import { BusRecording } from './bus-recording.ts';
import type { Recording } from './recording.ts';

/** The recordings of each bus, the latest one last: matchers are given the bus. */
const recordings = /* @__PURE__ */ new WeakMap<object, BusRecording[]>();

/**
 * Records a bus from now on: everything that is published, handled, dead-lettered and dropped, typed by event. Handlers that were registered before
 * are recorded too; of an event that waits or is in progress, its end is.
 *
 * The matchers of `millrace/testing/vitest` and `millrace/testing/jest` find the recording by its bus, the latest one that was not closed. Each recording of
 * a bus stands for itself. It keeps all that it hears of, until `clear`.
 *
 * A message is recorded as it is before a probe that was added later gives it headers. Of a dead-letter queue that buses share, `invalid`
 * letters of all of them are recorded.
 *
 * @throws InvalidOptionError for what is no bus
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { record } from 'millrace/testing';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
 * const bus = createEventBus();
 * bus.on(UserSignedUp, () => {}, { name: 'welcome-mail' });
 *
 * using recorded = record(bus);
 * await bus.publish(UserSignedUp, { userId: 'u1' });
 * const [message] = recorded.published(UserSignedUp);
 * const [end] = recorded.handled(UserSignedUp);
 * console.assert(message?.data.userId === 'u1');
 * console.assert(end?.handler === 'welcome-mail' && end.attempts === 1);
 * ```
 */
export function record<Known extends EventDefinition>(bus: EventBus<Known>): Recording<Known> {
  const untyped = expectBus(bus);
  const recording = new BusRecording(untyped);
  recordings.set(untyped, [...(recordings.get(untyped) ?? []).filter(({ isClosed }) => !isClosed), recording]);
  return recording as unknown as Recording<Known>;
}

/** What was recorded of a bus, or is this recording; `undefined` for a bus that is not recorded. */
export function recordingOf(target: object): BusRecording | undefined {
  if (target instanceof BusRecording) return target;
  return recordings.get(target)?.findLast(({ isClosed }) => !isClosed);
}

function expectBus(bus: EventBus): EventBus {
  const { addProbe, deadLetters } = (bus ?? {}) as Partial<EventBus>;
  if (typeof addProbe === 'function' && typeof deadLetters?.subscribe === 'function') return bus;
  throw new InvalidOptionError(
    `Expected a bus, as createEventBus makes it, got ${show(bus)}. A view of a bus, as asReadonly gives it, cannot be recorded.`,
  );
}
