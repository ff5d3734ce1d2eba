import type { Channel, ChannelWorkers, DeadLetterReason, DrainReport, ProcessorStats } from 'millrace';
import type { Subscription } from 'rxjs';
import { CountingScheduler, SteppedClock } from '../../support/stepped-clock.ts';
import type { Call, Item } from './item.ts';
import type { Plan, PlannedPool } from './plans.ts';

/** What must be ascending, for one consumer. */
export class Sequence {
  #last = -1;

  /** Whether this is later than all before. */
  accepts(number: number): boolean {
    const isLater = number > this.#last;
    this.#last = Math.max(this.#last, number);
    return isLater;
  }
}

/** Workers. */
export interface Pool {
  readonly plan: PlannedPool;
  readonly name: string;
  workers: ChannelWorkers | undefined;
  /** Closed by hand. */
  isCutShort: boolean;
  readonly calls: Call[];
  /** Of each lane; without keys, of the only one. */
  readonly order: Map<string, Sequence>;
}

/** An iterator, and those who share it. */
export interface Loop {
  readonly iterator: AsyncIterableIterator<Item>;
  /** Calls of `next` that wait. */
  asking: number;
  /** Loops that have not ended. */
  running: number;
  readonly order: Sequence;
}

export interface Reader {
  readonly subscription: Subscription;
  isComplete: boolean;
  readonly order: Sequence;
}

/** A drain, and what had been counted when it began. */
export interface Draining {
  readonly before: Counts;
  /** It began when something was being given up, and not all letters had been told yet. */
  readonly isInTelling: boolean;
  report: DrainReport | undefined;
}

interface Counts {
  readonly handled: number;
  readonly dead: number;
  readonly abandoned: number;
}

/** What is known of a simulation from outside of the channel. */
export class World {
  readonly plan: Plan;
  readonly clock: SteppedClock = new SteppedClock();
  /** The channel's own timers. */
  readonly timers: CountingScheduler = new CountingScheduler(this.clock);
  readonly items: Item[] = [];
  readonly pools: Pool[] = [];
  readonly loops: Loop[] = [];
  readonly readers: Reader[] = [];
  readonly drainings: Draining[] = [];
  /** Producers that wait. */
  sending = 0;
  redriving = 0;
  hasRedriven = false;
  isTelling = false;
  channel!: Channel<Item>;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  sum(count: (item: Item) => number): number {
    return this.items.reduce((sum, item) => sum + count(item), 0);
  }

  letters(reason?: DeadLetterReason): number {
    return this.sum(
      ({ letters }) => letters.filter((letter) => reason === undefined || letter.reason === reason).length,
    );
  }

  /** All workers there ever were, closed or not. Those that are just being started are known to the channel only. */
  poolStats(): readonly ProcessorStats[] {
    const open = this.channel.stats().workers;
    return this.pools.flatMap(({ name, workers }) => workers?.stats() ?? open.filter((stats) => stats.name === name));
  }

  sumOfPools(count: (stats: ProcessorStats) => number): number {
    return this.poolStats().reduce((sum, stats) => sum + count(stats), 0);
  }

  counts(): Counts {
    const handled = this.sumOfPools((stats) => stats.handled);
    const dead = this.sumOfPools((stats) => stats.dead) + this.channel.stats().abandoned;
    return { handled, dead, abandoned: this.letters('abandoned') };
  }
}
