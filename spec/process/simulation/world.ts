import type { Processor, RedriveReport } from 'millrace';
import { CountingScheduler, SteppedClock } from '../../support/stepped-clock.ts';
import type { Call, Item } from './item.ts';
import type { Plan } from './plans.ts';

/** What is known of a simulation from outside of the processor. */
export class World {
  readonly plan: Plan;
  readonly clock: SteppedClock = new SteppedClock();
  /** The processor's own timers. */
  readonly timers: CountingScheduler = new CountingScheduler(this.clock);
  readonly items: Item[] = [];
  /** Producers that wait for their event to be taken. */
  sending = 0;
  /** Producers that gave up. */
  withdrawn = 0;
  redriving = 0;
  /** A letter is being told: others, of events that die meanwhile, are told after it. */
  isTelling = false;
  hasRedriven = false;
  readonly redrives: RedriveReport[] = [];
  processor!: Processor<Item>;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** How many events a slot holds at most. */
  get slotSize(): number {
    return this.batch?.maxSize ?? 1;
  }

  get batch(): Plan['batch'] {
    return this.plan.strategy === 'queue' ? this.plan.batch : undefined;
  }

  /** Events that may be pending. */
  get limit(): number {
    return this.plan.concurrency * this.slotSize + this.plan.capacity;
  }

  /** Calls of the handler that have not ended. */
  get callsAtWork(): ReadonlySet<Call> {
    return new Set(this.items.flatMap(({ calls }) => calls.filter(({ isActive }) => isActive)));
  }

  /** The lane of an event; none where none is promised. */
  laneOf({ plan: { key } }: Item): string | undefined {
    const { isKeyed, strategy, concurrency } = this.plan;
    if (isKeyed) return key;
    return strategy !== 'queue' || concurrency === 1 ? 'the only one' : undefined;
  }

  sum(count: (item: Item) => number): number {
    return this.items.reduce((sum, item) => sum + count(item), 0);
  }
}
