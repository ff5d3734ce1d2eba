import type { ProcessorSettings } from './processor-options.ts';
import type { Pump } from './pump.ts';
import type { ProcessorStats } from './stats.ts';

/** Where the numbers come from. */
interface StatsSource<Item> {
  readonly name: string;
  readonly state: ProcessorStats['state'];
  readonly settings: ProcessorSettings<Item>;
  readonly pump: Pump<Item>;
  readonly suspended: number;
  /** Events that are being handled directly: accepted, and in no counter yet. */
  readonly calling: number;
  /** Events that were handled directly: accepted and handled, in this counter only. */
  readonly handledDirectly: number;
}

/** Adds up what a processor has done and has to do. */
export function processorStats<Item>(source: StatsSource<Item>): ProcessorStats {
  const { name, state, settings, pump, suspended, calling, handledDirectly } = source;
  const { accepted, redriven, dead, dropped, droppedBy, rejected, retried, late, handled, pending } = pump.counters;
  const { concurrency, capacity, breaker, scheduler } = settings;
  const { oldestStart, lanes, room, running } = pump;
  return {
    name,
    state,
    accepted: accepted + handledDirectly + calling,
    redriven,
    handled: handled + handledDirectly,
    dead,
    dropped,
    droppedBy: { ...droppedBy },
    pending: pending + calling,
    running: running + calling,
    waiting: room.size,
    betweenAttempts: pending - running - room.size,
    rejected,
    suspended,
    retried,
    late,
    concurrency,
    capacity,
    longestRunningMs: oldestStart === undefined ? 0 : Math.max(0, scheduler.now() - oldestStart),
    ...(breaker !== undefined && { circuit: breaker.state }),
    ...(lanes !== undefined && { lanes: lanes.fullest(5) }),
  };
}
