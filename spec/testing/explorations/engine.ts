import {
  createDeadLetterQueue,
  createEventBus,
  type DeadLetterStore,
  defineEvent,
  type DeliveryReport,
  type EventSubscription,
  memoryDeadLetterStore,
  type OnOptions,
  payload,
} from 'millrace';
import type { ExplorationContext } from 'millrace/testing';
import { Attempts } from './attempts.ts';
import { Breaches, expectThat } from './expect-that.ts';

/** An order; `number` counts up as they are sent. */
interface Order {
  readonly number: number;
  readonly customer: string;
}

const OrderPlaced = defineEvent('order.placed', payload<Order>());

/**
 * What the engine never does, whatever happens in whatever order: lose an event, end it twice, run more than it may, mix the events of one
 * lane, stop while there is work, or answer a producer wrongly.
 */
export async function engineScenario({ schedule, flaky, timeline, time }: ExplorationContext): Promise<void> {
  const concurrency = 1 + schedule.upTo(2);
  const capacity = schedule.oneOf([2, 0, 1, 4, 64]);
  const isKeyed = schedule.chance(0.4);
  const maxAttempts = 1 + schedule.upTo(2);
  const timeoutMs = schedule.chance(0.3) ? 7 : undefined;
  const strategy = schedule.oneOf(['queue', 'queue', 'queue', 'switch', 'exhaust'] as const);
  const options: OnOptions<{ readonly data: Order }> = {
    name: 'bill',
    concurrency,
    capacity,
    strategy,
    overflow: schedule.oneOf(['suspend', 'drop-oldest', 'drop-newest', 'fail']),
    retry: { maxAttempts, delayMs: schedule.oneOf([0, 3, 10]) },
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(isKeyed && { key: ({ data }) => data.customer }),
  };
  const hasLanes = isKeyed || concurrency === 1;
  const producer = schedule.oneOf(['emit', 'publish', 'both'] as const);
  const mayRedrive = strategy === 'queue' && schedule.chance(0.2);

  const isStoreSlow = schedule.chance(0.3);

  const breaches = new Breaches();
  using bus = createEventBus({
    deadLetters: createDeadLetterQueue({ store: isStoreSlow ? slowStore() : memoryDeadLetterStore() }),
  });
  if (schedule.chance(0.5)) timeline(bus);
  const attempts = new Attempts<Order>({
    concurrency,
    maxAttempts: mayRedrive ? 2 * maxAttempts : maxAttempts,
    laneOf: ({ customer }) => (hasLanes ? (isKeyed ? customer : 'the only one') : undefined),
    isOrdered: strategy === 'queue' && !mayRedrive,
  });
  const work = flaky<Order>(() => {}, { failures: 0.3, hangs: timeoutMs === undefined ? 0 : 0.1, maxDelayMs: 8 });
  const bill = bus.on(
    OrderPlaced,
    ({ data }, context) => {
      breaches.note(() => {
        ofEveryMoment();
        expectThat(bill.stats().state !== 'paused', 'no start while paused', data);
        attempts.start(data, context);
      });
      return attempts.follow(data, context, work);
    },
    options,
  );
  // Of what is superseded or refused, only a letter that is being stored is left, and one that waits for that.
  const limit = strategy === 'queue' || isKeyed || isStoreSlow ? concurrency + capacity : 1;
  const ofEveryMoment = (): void => expectSums(bill, concurrency, limit);

  const reports: Promise<DeliveryReport>[] = [];
  const count = schedule.upTo(schedule.oneOf([6, 30]));
  for (let number = 0; number < count; number++) {
    const data = { number, customer: schedule.oneOf(['a', 'b', 'c']) };
    if (producer === 'publish' || (producer === 'both' && schedule.chance(0.5))) {
      reports.push(bus.publish(OrderPlaced, data));
    } else {
      emit(data);
    }
    ofEveryMoment();
    if (schedule.chance(0.1)) bill.pause();
    const gapMs = schedule.oneOf([0, 0, 0, 1, 5]);
    if (gapMs > 0) await time.advance(gapMs);
    expectThat(bill.stats().longestRunningMs <= (timeoutMs ?? Infinity), 'no attempt beyond its time', bill.stats());
    if (schedule.chance(0.3)) await expectNoIdleSlot();
    bill.resume();
  }
  if (mayRedrive) {
    await time.advance(50);
    await bus.deadLetters.redrive();
  }

  await finish();
  breaches.expectNone();

  function emit(data: Order): void {
    try {
      bus.emit(OrderPlaced, data);
    } catch (error) {
      expectThat((error as { code?: unknown }).code === 'OVERFLOW', 'no other error than an overflow', error);
    }
  }

  /** At rest, nothing waits that could run. */
  async function expectNoIdleSlot(): Promise<void> {
    await time.settle();
    const { state, running, waiting, suspended, pending } = bill.stats();
    ofEveryMoment();
    if (state !== 'open' || strategy !== 'queue') return;
    if (!isKeyed && concurrency > 1) {
      expectThat(waiting === 0 || running === concurrency, 'no idle slot while events wait', bill.stats());
    }
    expectThat(
      suspended === 0 || pending === concurrency + capacity,
      'nobody to wait while there is room',
      bill.stats(),
    );
  }

  async function finish(): Promise<void> {
    const ending = schedule.oneOf(['drain', 'drain the handler', 'deadline', 'close'] as const);
    const before = bill.stats();
    if (ending === 'close') bus.close();
    const draining = ending === 'drain the handler' ? bill : bus;
    const drained = await draining.drain(ending === 'deadline' ? { deadlineMs: 5 } : {});
    const after = bill.stats();
    ofEveryMoment();
    expectThat(after.pending === 0 && after.suspended === 0, 'nothing to be left', after);
    const isCutShort = ending === 'deadline' || ending === 'close';
    if (!isCutShort) {
      expectThat(drained.completed && drained.abandoned === 0, 'a drain without a deadline to finish all', drained);
      expectThat(drained.handled === after.handled - before.handled, 'the drain to count what it finished', drained);
    }
    await expectEnds(after, isCutShort);
  }

  async function expectEnds(stats: ReturnType<EventSubscription['stats']>, isCutShort: boolean): Promise<void> {
    const letters = [...(await bus.deadLetters.list())];
    if (!mayRedrive) {
      expectThat(letters.length === stats.dead, 'a letter for each dead event', { letters: letters.length, ...stats });
      expectThat(
        new Set(letters.map(({ event }) => event.id)).size === letters.length,
        'one letter an event',
        letters.length,
      );
    }
    if (!isCutShort && !mayRedrive) {
      expectThat(attempts.succeeded === stats.handled, `${attempts.succeeded} to be handled`, stats);
    }
    expectThat(stats.accepted + stats.rejected === count, `${count} to be offered`, stats);
    const settled = await Promise.all(reports);
    const outcomes = settled.map(({ handlers }) => handlers[0]?.outcome);
    if (producer !== 'publish' || mayRedrive) return;
    for (const outcome of ['handled', 'dead', 'dropped'] as const) {
      const told = outcomes.filter((each) => each === outcome).length;
      expectThat(told === stats[outcome], `reports to tell of ${stats[outcome]} ${outcome}`, outcomes);
    }
  }
}

/** A store that takes its time, as a database does. */
function slowStore(): DeadLetterStore {
  const letters = memoryDeadLetterStore();
  const slowly = <Result>(act: () => Result): Promise<Result> =>
    new Promise((resolve) => void setTimeout(() => resolve(act()), 4));
  return {
    add: (letter) => slowly(() => void letters.add(letter)),
    remove: (id) => slowly(() => void letters.remove(id)),
    list: () => letters.list(),
  };
}

function expectSums(bill: EventSubscription, concurrency: number, limit: number): void {
  const stats = bill.stats();
  const { accepted, redriven, handled, dead, dropped, pending, running, waiting, betweenAttempts } = stats;
  expectThat(accepted + redriven === handled + dead + dropped + pending, 'that the sums agree', stats);
  expectThat(pending === running + waiting + betweenAttempts, 'that pending is the sum of its parts', stats);
  expectThat(Math.min(running, waiting, betweenAttempts) >= 0, 'no count below zero', stats);
  expectThat(running <= concurrency, `at most ${concurrency} in flight`, stats);
  expectThat(pending <= limit, `at most ${limit} pending`, stats);
}
