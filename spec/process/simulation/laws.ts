import type { DeadLetter, HandlerContext, ProcessorStats } from 'millrace';
import type { Item } from './item.ts';
import type { World } from './world.ts';

/** Sums of delays are not exact. */
const INEXACT_MS = 0.001;

/** What must hold, and throws if it does not: seen by the handler, the listeners and the letters, and compared with what `stats` says. */
export class Laws {
  readonly #world: World;
  readonly #lastStarted = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Always, also in the middle of things. */
  ofEveryMoment(): ProcessorStats {
    const { limit, slotSize, plan } = this.#world;
    const inFlight = plan.concurrency * slotSize;
    const stats = this.#world.processor.stats();
    const { accepted, redriven, handled, dead, dropped, droppedBy, pending, running, waiting, betweenAttempts } = stats;
    const drops = Object.values(droppedBy).reduce((sum, count) => sum + count);
    expectThat(accepted + redriven === handled + dead + dropped + pending, 'that the sums agree', stats);
    expectThat(pending === running + waiting + betweenAttempts, 'that pending is the sum of its parts', stats);
    expectThat(dropped === drops, 'that dropped is the sum of its reasons', stats);
    expectThat(Math.min(pending, running, waiting, betweenAttempts) >= 0, 'no count below zero', stats);
    expectThat(running <= inFlight, `at most ${inFlight} in flight`, stats);
    expectThat(pending <= limit, `at most ${limit} pending`, stats);
    return stats;
  }

  /** Before an attempt at what is handled together begins. */
  ofBatch(items: readonly Item[]): void {
    const { batch, slotSize, hasRedriven, clock, processor } = this.#world;
    expectThat(items.length > 0 && items.length <= slotSize, `1 to ${slotSize} events`, items);
    expectThat(new Set(items).size === items.length, 'each event once', items);
    if (hasRedriven) return;
    const attemptBefore = items[0]!.calls.at(-1);
    const areTheSame = items.every(({ calls }) => calls.at(-1) === attemptBefore);
    expectThat(areTheSame, 'events that were together before', items);
    if (attemptBefore !== undefined) expectThat(isSame(attemptBefore.items, items), 'all of those, in order', items);
    if (batch === undefined || attemptBefore !== undefined || items.length === slotSize) return;
    const hasWaited = items.some(
      ({ isSent, sentAt }) => isSent || sentAt + batch.maxWaitMs <= clock.now() + INEXACT_MS,
    );
    expectThat(hasWaited || processor.stats().state === 'draining', 'no batch before its time', items);
  }

  /** Before an attempt begins. */
  ofStart(item: Item, batch: readonly Item[], context: HandlerContext | undefined): void {
    const { plan, items, hasRedriven, callsAtWork } = this.#world;
    const { concurrency, retry } = plan;
    const atWork = items.filter((other) => other.isAtWork);
    expectThat(callsAtWork.size < concurrency, 'a free slot', item);
    expectThat(!atWork.includes(item), 'one attempt of an event at a time', item);
    expectThat(context?.signal.aborted !== true, 'a signal that is not aborted yet', item);
    // A letter that is redriven starts anew.
    if (!hasRedriven) {
      expectThat(item.calls.length < (retry?.maxAttempts ?? 1), 'no more attempts than the policy allows', item);
      expectThat(!item.hasEnded, 'no attempt of an event that has ended', item);
    }
    this.#ofLane(item, batch, atWork);
  }

  #ofLane(item: Item, batch: readonly Item[], atWork: readonly Item[]): void {
    const { plan, items, hasRedriven, isTelling } = this.#world;
    const lane = this.#world.laneOf(item);
    if (lane === undefined) return;
    const others = items.filter((other) => other !== item && this.#world.laneOf(other) === lane);
    expectThat(!others.some((other) => atWork.includes(other)), 'one event of a lane at work at a time', item);
    // What follows would need to know when a superseded event ended, when a letter was written, and when it came back.
    if (plan.strategy !== 'queue' || plan.store !== 'memory' || hasRedriven || isTelling) return;
    const before = others.filter((other) => !batch.includes(other));
    const isFree = !before.some((other) => other.calls.length > 0 && !other.hasEnded);
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
    const { plan, timers, sending, redriving, batch, limit } = this.#world;
    const { concurrency, breaker, isKeyed, strategy, store } = plan;
    const stats = this.ofEveryMoment();
    const { state, running, waiting, pending, suspended } = stats;
    const atWork = this.#world.sum(({ calls }) => calls.filter((call) => call.isActive).length);
    expectThat(atWork === running, `${atWork} in flight`, stats);
    if (redriving === 0) expectThat(suspended === sending, `${sending} to wait for room`, stats);
    if (state === 'closed' || state === 'draining') {
      if (redriving === 0) expectThat(suspended === 0, 'nobody to wait for room that never comes', stats);
      return;
    }
    const hasRoom = pending < limit;
    expectThat(suspended === 0 || !hasRoom, 'nobody to wait while there is room', stats);
    if (state === 'paused') return;
    const isStuck = running === 0 && timers.outstanding === 0 && store === 'memory' && pending + suspended > 0;
    expectThat(!isStuck || batch?.maxWaitMs === Infinity, 'that something goes on', stats);
    if (breaker !== undefined || strategy !== 'queue') return;
    this.#ofWaiting();
    const isAnyOrder = !isKeyed && concurrency > 1 && batch === undefined;
    expectThat(!isAnyOrder || waiting === 0 || running === concurrency, 'no idle slot while events wait', stats);
  }

  /** With a free slot, what no lane holds back waits only for a batch to fill, and not for too long. */
  #ofWaiting(): void {
    const { plan, items, batch, slotSize, callsAtWork, hasRedriven, clock } = this.#world;
    // Of those that were dropped, not all are heard of.
    if (
      callsAtWork.size >= plan.concurrency ||
      hasRedriven ||
      plan.store !== 'memory' ||
      plan.overflow === 'drop-oldest'
    ) {
      return;
    }
    const open = items.filter(({ isTaken, hasEnded }) => isTaken === true && !hasEnded);
    const held = new Set(open.filter(({ calls }) => calls.length > 0).map((item) => this.#world.laneOf(item)));
    held.delete(undefined);
    const ready = open.filter((item) => item.calls.length === 0 && !held.has(this.#world.laneOf(item)));
    expectThat(ready.length < slotSize, 'no full batch to wait beside a free slot', ready);
    const dueAt = clock.now() - (batch?.maxWaitMs ?? 0) - INEXACT_MS;
    expectThat(!ready.some(({ isSent, sentAt }) => !isSent && sentAt < dueAt), 'nobody to wait for too long', ready);
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
    if (hasRedriven) return;
    const mayEndAtStart = this.#world.plan.isProbed;
    for (const item of items) ofEachEnd(item, mayEndAtStart);
  }
}

/**
 * An event that was taken has ended once, and as its listener was told.
 *
 * @param mayEndAtStart - somebody may have ended it who was told that an attempt starts
 */
function ofEachEnd(item: Item, mayEndAtStart: boolean): void {
  const { isTaken, isListenedTo, successes, letters, settlements, calls } = item;
  expectThat(successes + letters.length <= 1, 'one end', item);
  const together = calls.at(-1)?.items ?? [];
  expectThat(
    together.every((other) => other.letters.length === letters.length),
    'the end of all that were handled together',
    together,
  );
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
  const isCut = mayEndAtStart && attempts === calls.length + 1 && outcome !== 'handled';
  expectThat(attempts === calls.length || isCut, `${calls.length} attempts`, settlement);
}

function isSame(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function expectThat(holds: boolean, what: string, got: unknown): void {
  if (!holds) throw new Error(`Expected ${what}, got ${JSON.stringify(got)}`);
}
