import type { ChannelStats, DeadLetter, DrainReport, ProcessorStats } from 'millrace';
import type { Item } from './item.ts';
import { type Draining, type Pool, Sequence, type World } from './world.ts';

export const CHANNEL = 'simulated';

/** What must hold, and throws if it does not: seen by producers and consumers, and compared with what `stats` says. */
export class Laws {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Always, also in the middle of things. */
  ofEveryMoment(): ChannelStats {
    const { plan, channel, hasRedriven } = this.#world;
    const stats = channel.stats();
    const { accepted, handedOut, waiting, abandoned } = stats;
    expectThat(accepted === handedOut + waiting + abandoned, 'that the sums agree', stats);
    expectThat(waiting >= 0, 'no count below zero', stats);
    const backlog = stats.workers.reduce(
      (sum, workers) => sum + Math.max(0, workers.pending - this.#slotsOf(workers)),
      0,
    );
    expectThat(waiting + backlog <= plan.capacity, `at most ${plan.capacity} to wait beyond the slots`, stats);
    for (const workers of this.#world.poolStats()) this.#ofPool(workers);
    const isTaken = this.#world.sumOfPools((workers) => workers.accepted) + this.#world.sum(({ received }) => received);
    expectThat(isTaken <= handedOut, 'nothing to be taken that was not handed out', [isTaken, stats]);
    expectThat(
      hasRedriven || !this.#world.items.some((item) => item.ends > 1),
      'no item to end twice',
      this.#world.items,
    );
    return stats;
  }

  #ofPool(stats: ProcessorStats): void {
    const { plan } = this.#world;
    const { accepted, redriven, handled, dead, dropped, pending, running, waiting, betweenAttempts, rejected } = stats;
    const slots = this.#slotsOf(stats);
    expectThat(accepted + redriven === handled + dead + pending, 'that the sums of workers agree', stats);
    expectThat(pending === running + waiting + betweenAttempts, 'that pending is the sum of its parts', stats);
    expectThat(Math.min(running, waiting, betweenAttempts) >= 0, 'no count of workers below zero', stats);
    expectThat(running <= slots, `at most ${slots} at work`, stats);
    expectThat(pending <= slots + plan.capacity, `at most ${slots + plan.capacity} pending`, stats);
    expectThat(dropped === 0, 'nothing to be dropped', stats);
    expectThat(this.#world.hasRedriven || rejected === 0, 'nothing to be rejected by workers', stats);
  }

  #slotsOf({ name }: ProcessorStats): number {
    const { concurrency, batch } = this.#world.pools.find((pool) => pool.name === name)!.plan;
    return concurrency * (batch?.maxSize ?? 1);
  }

  /** Before an attempt begins. */
  ofStart(pool: Pool, batch: readonly Item[], { attempt, signal }: { attempt: number; signal: AbortSignal }): void {
    const { plan, calls, order } = pool;
    expectThat(calls.filter((call) => call.isActive).length < plan.concurrency, 'a free slot', batch);
    expectThat(batch.length > 0 && batch.length <= (plan.batch?.maxSize ?? 1), 'a batch of the right size', batch);
    expectThat(!signal.aborted, 'a signal that is not aborted yet', batch);
    if (this.#world.hasRedriven) return;
    for (const item of batch) {
      expectThat(item.ends === 0, 'no attempt at an item that has ended', item);
      expectThat(item.calls.length === attempt - 1, `attempt ${attempt} in turn`, item);
      if (attempt > 1) continue;
      const lane = plan.isKeyed ? item.plan.key : 'the only one';
      const sequence = order.get(lane) ?? new Sequence();
      order.set(lane, sequence);
      expectThat(sequence.accepts(item.number), 'the order in which items were sent', item);
    }
  }

  /** When a loop or a subscriber receives an item. */
  ofReceipt(item: Item, order: Sequence): void {
    expectThat(item.ends === 1, 'an item that nobody else has', item);
    expectThat(order.accepts(item.number), 'the order in which items were sent', item);
  }

  /** When a letter is told. */
  ofLetter(item: Item, { reason, handler }: DeadLetter<Item>): void {
    const isOfChannel = handler === CHANNEL;
    expectThat(!isOfChannel || (reason === 'abandoned' && item.calls.length === 0), 'a letter of workers', item);
    expectThat(this.#world.hasRedriven || item.ends === 1, 'one end', item);
  }

  /** When workers have been drained that began when the channel was closed. */
  ofFinish({ completed }: DrainReport): void {
    const { waiting } = this.#world.channel.stats();
    expectThat(!completed || waiting === 0, 'nothing to be left in the channel', waiting);
  }

  /** When everything rests until the next action of the clock. */
  ofRest(): void {
    const { sending, loops, readers } = this.#world;
    const stats = this.ofEveryMoment();
    const { state, waiting, suspended, handedOut, capacity } = stats;
    const taken = this.#world.sumOfPools(({ accepted }) => accepted) + this.#world.sum(({ received }) => received);
    expectThat(taken === handedOut, `${taken} handed out`, stats);
    expectThat(suspended === sending, `${sending} to wait for room`, stats);
    expectThat(state === 'open' || suspended === 0, 'nobody to wait for room that never comes', stats);
    const isAnybodyIdle =
      loops.some(({ asking }) => asking > 0) || readers.some(({ subscription }) => !subscription.closed);
    expectThat(!isAnybodyIdle || waiting + suspended === 0, 'nothing to wait for a reader that is there', stats);
    const backlog = stats.workers.reduce(
      (sum, workers) => sum + Math.max(0, workers.pending - this.#slotsOf(workers)),
      0,
    );
    expectThat(suspended === 0 || waiting + backlog >= capacity, 'nobody to wait while there is room', stats);
    for (const workers of stats.workers) this.#ofPoolAtRest(workers, stats);
  }

  #ofPoolAtRest(workers: ProcessorStats, { state: channelState, waiting, suspended }: ChannelStats): void {
    const { plan, timers } = this.#world;
    const pool = this.#world.pools.find(({ name }) => name === workers.name)!;
    const { isKeyed, batch, breaker, concurrency } = pool.plan;
    const { state, running, pending, betweenAttempts } = workers;
    if (state === 'paused') return;
    const atWork = pool.calls.filter((call) => call.isActive).length;
    if (batch === undefined) expectThat(atWork === running, `${atWork} at work`, workers);
    const isFilling =
      batch?.maxWaitMs === Infinity && state === 'open' && !(channelState === 'closed' && waiting === 0);
    const isStuck = running === 0 && pending > 0 && timers.outstanding === 0 && plan.store === 'memory' && !isFilling;
    expectThat(!isStuck, 'that something goes on', workers);
    expectThat(
      workers.suspended === 0 || pending >= this.#slotsOf(workers),
      'no letter to wait for a slot that is free',
      workers,
    );
    const takesMore = state === 'open' || channelState === 'closed';
    if (!takesMore || breaker !== undefined) return;
    const isAnybodyKept = pending === 0 && waiting + suspended > 0;
    expectThat(!isAnybodyKept, 'nothing to wait for idle workers', [workers, waiting, suspended]);
    if (batch !== undefined || isKeyed) return;
    const isLane = concurrency === 1 && !this.#world.hasRedriven;
    expectThat(!isLane || workers.waiting === 0, 'nothing to wait with workers that cannot begin with it', workers);
    const isHeld = concurrency === 1 && running + betweenAttempts > 0;
    const hasSlot = running < concurrency && !isHeld;
    expectThat(!hasSlot || waiting + workers.waiting === 0, 'nothing to wait for a slot that is free', [
      workers,
      waiting,
    ]);
    expectThat(pending >= concurrency || suspended === 0, 'nobody to wait for workers that are free', workers);
  }

  /** When all is over. */
  ofEnd(): void {
    const { items, timers, loops, readers, drainings, redriving, hasRedriven } = this.#world;
    const stats = this.ofEveryMoment();
    const { accepted, handedOut, abandoned, rejected, waiting, suspended, workers, state } = stats;
    expectThat(state === 'closed' && workers.length === 0 && waiting + suspended === 0, 'that all is over', stats);
    expectThat(timers.outstanding === 0, 'no timer at the end', timers.outstanding);
    expectThat(redriving === 0, 'that each redrive has ended', redriving);
    const answered = (...answers: Item['answer'][]): number =>
      items.filter(({ answer }) => answers.includes(answer)).length;
    expectThat(answered(undefined) === 0, 'that each producer was answered', items);
    expectThat(answered('taken') === accepted, `${answered('taken')} accepted`, stats);
    expectThat(answered('refused', 'closed') === rejected, `${answered('refused', 'closed')} rejected`, stats);
    expectThat(accepted === handedOut + abandoned, 'each to be handed out or abandoned', stats);
    for (const item of items) {
      const isOver = item.answer === 'taken' ? hasRedriven || item.ends === 1 : item.ends === 0;
      expectThat(isOver, 'one end of what was taken, and none of what was not', item);
    }
    const handled = this.#world.sumOfPools((pool) => pool.handled);
    const dead = this.#world.sumOfPools((pool) => pool.dead);
    expectThat(this.#world.sumOfPools(({ pending }) => pending) === 0, 'nothing pending', stats);
    expectThat(this.#world.sum(({ successes }) => successes) === handled, `${handled} successes`, items);
    expectThat(this.#world.letters() === dead + abandoned, `${dead + abandoned} letters`, items);
    expectThat(
      loops.every(({ running, asking }) => running + asking === 0),
      'that each loop has ended',
      loops,
    );
    expectThat(
      readers.every(({ isComplete, subscription }) => isComplete || subscription.closed),
      'that each has ended',
      readers.length,
    );
    for (const draining of drainings) this.#ofDraining(draining);
  }

  #ofDraining({ before, report, isInTelling }: Draining): void {
    const { handled, dead, abandoned } = this.#world.counts();
    if (report === undefined) throw new Error('Expected each drain to have ended, got one that has not.');
    expectThat(report.handled === handled - before.handled, `${handled - before.handled} handled`, report);
    expectThat(report.dead === dead - before.dead, `${dead - before.dead} dead`, report);
    expectThat(report.completed === (report.abandoned === 0), 'completed to say that nothing was abandoned', report);
    expectThat(report.abandoned <= report.dead, 'dead to include what was abandoned', report);
    const isSeenAtOnce = this.#world.plan.store === 'memory' && !isInTelling;
    expectThat(
      !isSeenAtOnce || report.abandoned === abandoned - before.abandoned,
      `${abandoned - before.abandoned} abandoned`,
      report,
    );
  }
}

function expectThat(holds: boolean, what: string, got: unknown): void {
  if (!holds) throw new Error(`Expected ${what}, got ${JSON.stringify(got)}`);
}
