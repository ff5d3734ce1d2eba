import type { BrokerState } from '../../broker/broker-stats.ts';
import type { OutgoingStats } from '../../broker/brokered/brokered-bus.ts';
import type { BusStats } from '../../bus/bus-stats.ts';
import type { ChannelStats } from '../../channel/channel.ts';
import type { DeadLetterStats } from '../../process/dead-letter-queue.ts';
import type { ProcessorStats } from '../../process/stats.ts';
import type { ProjectionStats } from '../../sourcing/projection.ts';
import type { Percentiles } from './histogram.ts';

/** What an inspector sees, at one moment: plain data, the same after `JSON.parse(JSON.stringify(snapshot))`. */
export interface InspectorSnapshot {
  /** Epoch milliseconds of the inspector's clock. */
  readonly time: number;
  /** The buses, in the order in which it was given to them. */
  readonly buses: readonly BusSnapshot[];
  /** The channels. */
  readonly channels: readonly ChannelSnapshot[];
  /** The projections. */
  readonly projections: readonly ProjectionSnapshot[];
  /** The handlers that belong to none of those. */
  readonly processors: readonly HandlerSnapshot[];
  /** How many buses, channels, projections and processors have closed, and are not among them any more. */
  readonly closed: number;
  /** What all handlers have done, those that have closed included: it never goes backwards. */
  readonly totals: HandlerCounts;
}

/** What every part has. */
export interface PartSnapshot {
  /** Tells it from all others that there are now, also from those of its name, which have a number: `bus orders`, `bus orders 2`, `bus orders / mail`. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Since when the inspector has it: epoch milliseconds. An `id` may be given again when its part has closed; with another `since`. */
  readonly since: number;
}

/** What handlers have done. */
export type HandlerCounts = Readonly<
  Pick<ProcessorStats, 'accepted' | 'dead' | 'dropped' | 'handled' | 'late' | 'redriven' | 'rejected' | 'retried'>
>;

/** A handler: of a bus or a projection, a pool of workers, or a processor. */
export interface HandlerSnapshot
  extends
    PartSnapshot,
    HandlerCounts,
    Pick<
      ProcessorStats,
      | 'betweenAttempts'
      | 'circuit'
      | 'concurrency'
      | 'droppedBy'
      | 'longestRunningMs'
      | 'pending'
      | 'state'
      | 'suspended'
      | 'waiting'
    > {
  /** The types of the events that it listens to, as far as they are known. */
  readonly listensTo: readonly string[];
  /** Events in attempts in flight. */
  readonly inFlight: number;
  /** How many may wait; none if it has no bound. */
  readonly capacity?: number;
  /** For how many milliseconds there has been no room, as far as snapshots have seen it; 0 if there is. */
  readonly fullMs: number;
  /** Dead letters of the last minute. */
  readonly deadLastMinute: number;
  /** Why its last attempt failed, or its last dead event died without one. */
  readonly lastError?: ErrorSnapshot;
  /** Milliseconds from when an event was taken to its first attempt, of the last half a minute to a minute. */
  readonly waitingMs: Percentiles;
  /** Milliseconds that attempts took, those that failed included, of the last half a minute to a minute. */
  readonly handlingMs: Percentiles;
  /** Of so many events one is measured: 1 up to about 1,000 events a second, 256 at most. */
  readonly measuredOneIn: number;
}

/** An error, in words only. */
export interface ErrorSnapshot {
  /** Its class, such as `TypeError`. */
  readonly name: string;
  /** Its text; of a long one, the beginning. */
  readonly message: string;
  /** When: epoch milliseconds. */
  readonly time: number;
}

/** A bus. */
export interface BusSnapshot extends PartSnapshot, Pick<BusStats, 'emitted' | 'invalid' | 'state'> {
  /** The types of the events that it knows by now. */
  readonly events: readonly string[];
  /** Of its queue, which buses may share. */
  readonly deadLetters: DeadLetterStats;
  /** Its handlers; of a brokered bus, its consumers. */
  readonly handlers: readonly HandlerSnapshot[];
  /** Of a brokered bus. */
  readonly broker?: BrokerSnapshot;
}

/** The broker of a bus, as that bus sees it. */
export interface BrokerSnapshot {
  /** Its name. */
  readonly name: string;
  /** Whether it can be reached. */
  readonly state: BrokerState;
  /** For how many milliseconds, as far as the inspector knows. */
  readonly stateMs: number;
  /** How often it has lost its server, and has reached it again. */
  readonly reconnects: number;
  /** Messages that it has been given to publish, and that are not confirmed yet. */
  readonly publishing: number;
  /** Deliveries of its subscriptions that are not settled yet. */
  readonly inFlight: number;
  /** What the bus has emitted, and the broker has not confirmed yet; without a `capacity`, if there is no bound. */
  readonly outgoing: Partial<Pick<OutgoingStats, 'capacity'>> & Omit<OutgoingStats, 'capacity'>;
  /** Deliveries that were lost before they were settled. */
  readonly lost: number;
}

/** A channel. */
export interface ChannelSnapshot extends PartSnapshot, Omit<ChannelStats, 'capacity' | 'name' | 'workers'> {
  /** How many may wait; none if it has no bound. */
  readonly capacity?: number;
  /** For how many milliseconds there has been no room, as far as snapshots have seen it; 0 if there is. */
  readonly fullMs: number;
  /** Its pools of workers. */
  readonly workers: readonly HandlerSnapshot[];
}

/** A projection. */
export interface ProjectionSnapshot
  extends PartSnapshot, Pick<ProjectionStats, 'generation' | 'lag' | 'rebuild' | 'state'> {
  /** All is settled up to here; none while it stands by. */
  readonly checkpoint?: string;
  /** For how many milliseconds it has been behind, as far as snapshots have seen it; 0 if it is not. */
  readonly behindMs: number;
  /** Its handler while it runs; and that of a rebuild. */
  readonly handlers: readonly HandlerSnapshot[];
}
