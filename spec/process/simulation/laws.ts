import type { DeadLetter, HandlerContext, ProcessorStats } from 'millrace';
import type { Item } from './item.ts';
import type { World } from './world.ts';

/** What must hold, and throws if it does not: seen by the handler, the listeners and the letters, and compared with what `stats` says. */
export class Laws {
  readonly #world: World;
  readonly #lastStarted = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Always, also in the middle of things. */
  ofEveryMoment(): ProcessorStats {
    const { concurrency, capacity } = this.#world.plan;
    const stats = this.#world.processor.stats();
    const { accepted, redriven, handled, dead, dropped, droppedBy, pending, running, waiting, betweenAttempts } = stats;
    const drops = Object.values(droppedBy).reduce((sum, count) => sum + count);
    expectThat(accepted + redriven === handled + dead + dropped + pending, 'that the sums agree', stats);
    expectThat(pending === running + waiting + betweenAttempts, 'that pending is the sum of its parts', stats);
    expectThat(dropped === drops, 'that dropped is the sum of its reasons', stats);
    expectThat(Math.min(pending, running, waiting, betweenAttempts) >= 0, 'no count below zero', stats);
    expectThat(running <= concurrency, `at most ${concurrency} in flight`, stats);
    expectThat(pending <= concurrency + capacity, `at most ${concurrency + capacity} pending`, stats);
    return stats;
  }

  /** Before an attempt begins. */
  ofStart(item: Item, context: HandlerContext | undefined): void {
    const { plan, items, hasRedriven } = this.#world;
    const { concurrency, retry } = plan;
    const atWork = items.filter((other) => other.isAtWork);
    expectThat(atWork.length < concurrency, 'a free slot', item);
    expectThat(!atWork.includes(item), 'one attempt of an event at a time', item);
    expectThat(context?.signal.aborted !== true, 'a signal that is not aborted yet', item);
    // A letter that is redriven starts anew.
    if (!hasRedriven) {
      expectThat(item.calls.length < (retry?.maxAttempts ?? 1), 'no more attempts than the policy allows', item);
      expectThat(!item.hasEnded, 'no attempt of an event that has ended', item);
    }
    this.#ofLane(item, atWork);
  }

  #ofLane(item: Item, atWork: readonly Item[]): void {
    const { plan, items, hasRedriven, isTelling } = this.#world;
    const lane = this.#world.laneOf(item);
    if (lane === undefined) return;
    const others = items.filter((other) => other !== item && this.#world.laneOf(other) === lane);
    expectThat(!others.some((other) => atWork.includes(other)), 'one event of a lane at work at a time', item);
    // What follows would need to know when a superseded event ended, when a letter was written, and when it came back.
    if (plan.strategy !== 'queue' || plan.store !== 'memory' || hasRedriven || isTelling) return;
    const isFree = !others.some((other) => other.calls.length > 0 && !other.hasEnded);
    expectThat(isFree, 'that the event before in the lane has ended', item);
    if (item.calls.length > 0) return;
    expectThat(item.number > (this.#lastStarted.get(lane) ?? -1), 'the order in which events were sent', item);
    this.#lastStarted.set(lane, item.number);
  }

  /** When a letter is told. */
  ofLetter(item: Item, { reason, attempts, handler }: DeadLetter<Item>): void {
    const { plan, hasRedriven } = this.#world;
    const { retry, handler: form } = plan;
    expectThat(handler === 'simulated', 'a letter of this handler', handler);
    if (hasRedriven) return;
    expectThat(item.letters.length === 1, 'one letter', item);
    const failed = item.calls.filter((call) => call.hasFailed).length;
    // A blind handler does not know why its Observable was unsubscribed.
    if (form !== 'blind') expectThat(attempts.length === failed, `the ${failed} attempts that failed`, attempts);
    const isUsedUp = reason === 'exhausted' || reason === 'timeout';
    const isComplete = attempts.length === (retry?.maxAttempts ?? 1);
    expectThat(!isUsedUp || isComplete, `all attempts to be made before ${reason}`, attempts);
    expectThat(reason !== 'rejected' || retry?.isPicky === true, 'a refusal by retryIf only', item);
  }

  /** When everything rests until the next action of the clock. */
  ofRest(): void {
    const { plan, timers, sending, redriving } = this.#world;
    const { concurrency, capacity, breaker, isKeyed, strategy, store } = plan;
    const stats = this.ofEveryMoment();
    const { state, running, waiting, pending, suspended } = stats;
    const atWork = this.#world.sum(({ calls }) => calls.filter((call) => call.isActive).length);
    expectThat(atWork === running, `${atWork} in flight`, stats);
    if (redriving === 0) expectThat(suspended === sending, `${sending} to wait for room`, stats);
    if (state === 'closed' || state === 'draining') {
      if (redriving === 0) expectThat(suspended === 0, 'nobody to wait for room that never comes', stats);
      return;
    }
    const hasRoom = pending < concurrency + capacity;
    expectThat(suspended === 0 || !hasRoom, 'nobody to wait while there is room', stats);
    if (state === 'paused') return;
    const isStuck = running === 0 && timers.outstanding === 0 && store === 'memory' && pending + suspended > 0;
    expectThat(!isStuck, 'that something goes on', stats);
    const isAnyOrder = !isKeyed && strategy === 'queue' && concurrency > 1 && breaker === undefined;
    expectThat(!isAnyOrder || waiting === 0 || running === concurrency, 'no idle slot while events wait', stats);
  }

  /** Right after close. */
  ofClose(): void {
    const { timers, items } = this.#world;
    expectThat(timers.outstanding === 0, 'no timer after close', timers.outstanding);
    for (const item of items) expectThat(!item.isAtWork, 'no attempt in flight after close', item);
  }

  /** When all is over. */
  ofEnd(): void {
    const { items, timers, withdrawn, redriving, redrives, hasRedriven } = this.#world;
    const stats = this.#world.processor.stats();
    const { accepted, redriven, rejected, handled, dead, dropped, pending, suspended } = stats;
    expectThat(pending + suspended + redriving === 0, 'that all has ended', stats);
    expectThat(timers.outstanding === 0, 'no timer at the end', timers.outstanding);
    const unaccounted = items.length - withdrawn - accepted - rejected;
    // A letter that could not be handed in again counts as rejected too.
    expectThat(hasRedriven ? unaccounted <= 0 : unaccounted === 0, 'each event to be accepted or rejected', stats);
    expectThat(redriven === redrives.reduce((sum, report) => sum + report.redriven, 0), 'the redriven', stats);
    const successes = this.#world.sum((item) => item.successes);
    const letters = this.#world.sum((item) => item.letters.length);
    expectThat(successes === handled && letters === dead, `${successes} handled and ${letters} dead`, stats);
    expectThat(successes + letters + dropped === accepted + redriven, 'that each has ended once', stats);
    if (!hasRedriven) for (const item of items) ofEachEnd(item);
  }
}

/** An event that was taken has ended once, and as its listener was told. */
function ofEachEnd(item: Item): void {
  const { isTaken, isListenedTo, successes, letters, settlements, calls } = item;
  expectThat(successes + letters.length <= 1, 'one end', item);
  if (!isListenedTo) return;
  expectThat(isTaken !== true || settlements.length === 1, 'one settlement of what was taken', item);
  const wasRefused = isTaken === false && settlements.length === 0;
  expectThat(!wasRefused || calls.length === 0, 'no attempt of what was refused', item);
  const [settlement] = settlements;
  if (settlement === undefined) return;
  const { outcome, deadLetterId, attempts } = settlement;
  expectThat((outcome === 'handled') === (successes === 1), `an event that is ${outcome}`, item);
  expectThat((outcome === 'dead') === (letters.length === 1), `an event that is ${outcome}`, item);
  expectThat(deadLetterId === letters[0]?.id, 'the id of its letter', item);
  expectThat(attempts === calls.length, `${calls.length} attempts`, settlement);
}

function expectThat(holds: boolean, what: string, got: unknown): void {
  if (!holds) throw new Error(`Expected ${what}, got ${JSON.stringify(got)}`);
}
