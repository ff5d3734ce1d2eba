import { asyncScheduler } from 'rxjs';
import type { HubOptions } from '../../bus/hub-options.ts';
import { type Codec, expectCodec } from '../../core/codec.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import { randomId } from '../../core/ids.ts';
import type { EventMessage } from '../../core/message.ts';
import { expectCount, expectDelay, expectFunction, expectName, show } from '../../core/options.ts';
import type { DeadLetterQueue } from '../../process/dead-letter-queue.ts';
import type { SubscribeOptions } from '../broker-subscription.ts';
import { expectGroupName } from '../check-subscription.ts';
import type { OutgoingOptions } from './outgoing.ts';

/** Options of a brokered bus, without its events. */
export interface BrokeredHubOptions extends Omit<HubOptions, 'maxEventsPerTurn'> {
  /** Who it is: the buses of one group share the events of each handler name; another group gets all of them, too. Letters, digits, `-` and `_`, but no `--`, and no `-` at the end. */
  readonly group: string;
  /** The `source` of every event. @defaultValue the group */
  readonly source?: string;
  /** Names it to its probes. @defaultValue the group */
  readonly name?: string;
  /** Where dead events go. @defaultValue a queue on the broker, under the group's name; in this process, if the broker keeps none */
  readonly deadLetters?: DeadLetterQueue;
  /** Where the handlers begin that the broker does not know yet. @defaultValue 'new' */
  readonly from?: NonNullable<SubscribeOptions['from']>;
  /**
   * With what an event must stay in order on the broker (Kafka: what chooses its partition).
   *
   * @defaultValue its `subject`
   */
  readonly key?: (event: EventMessage) => string | undefined;
  /** Writes and reads data, unless an event's definition does. @defaultValue JSON; bytes as they are */
  readonly codec?: Codec;
  /** Milliseconds for which an event is a handler's, where the broker has leases; it is renewed as long as the event is at work or waits. \> 0. @defaultValue 30_000 */
  readonly leaseMs?: number;
  /**
   * Deliveries after which an event is dead without being handled, as whatever handled it before may not have survived it; ≥ 1, or Infinity. What was only read ahead when a process died counts
   * as delivered, too, so that innocent events may be among those letters: a smaller `capacity` makes them fewer, and redriven, they are handled. Where the broker's `deliveryCount` is
   * not exact, no event comes so far.
   * @defaultValue 20
   */
  readonly maxDeliveries?: number;
  /** What `emit` may leave waiting. @defaultValue 10_000 events, then it throws */
  readonly outgoing?: OutgoingOptions;
}

type Defaulted =
  | 'createId'
  | 'from'
  | 'key'
  | 'leaseMs'
  | 'maxDeliveries'
  | 'name'
  | 'random'
  | 'scheduler'
  | 'source'
  | 'validate';

/** Joined with a handler's name by `--`, it must come apart at one place only. */
function expectGroup(group: string): void {
  expectGroupName('group', group);
  if (!group.includes('--') && !group.endsWith('-')) return;
  throw new InvalidOptionError(
    `Expected a group without '--' and without '-' at its end, got ${show(group)}. The names of its consumers are made with '--'.`,
  );
}

/** {@link BrokeredHubOptions}, checked, with the defaults filled in. */
export type BrokeredHubSettings = BrokeredHubOptions & Required<Pick<BrokeredHubOptions, Defaulted>>;

/** @throws InvalidOptionError for any option that cannot work */
export function brokeredHubSettings({
  group,
  name = group,
  scheduler = asyncScheduler,
  createId = randomId,
  random = Math.random,
  validate = false,
  source = group,
  from = 'new',
  key = ({ subject }) => subject,
  leaseMs = 30_000,
  maxDeliveries = 20,
  ...rest
}: BrokeredHubOptions): BrokeredHubSettings {
  expectGroup(group);
  expectName('name', name);
  expectName('source', source);
  expectFunction('createId', createId, true);
  expectFunction('random', random, true);
  expectFunction('key', key, true);
  expectCodec('codec', rest.codec);
  expectDelay('leaseMs', leaseMs, true);
  expectCount('maxDeliveries', maxDeliveries, 1, true);
  return { ...rest, group, name, scheduler, createId, random, validate, source, from, key, leaseMs, maxDeliveries };
}
