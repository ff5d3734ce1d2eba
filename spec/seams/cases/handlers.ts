import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokeredEventBus } from 'millrace';
import type { SeamReport } from '../ledger.ts';
import { numbersFrom } from '../numbers.ts';
import { openBus, type OpenedBus, type OrderData, publishTo } from '../open-bus.ts';
import type { Seam } from '../seam.ts';
import type { SeamRun } from '../seam-run.ts';

const NEEDS = { durableGroups: true, redelivery: true } as const;

/** Handlers of a brokered bus that fail, are slow, come and go. */
export const handlerSeams: readonly Seam[] = [
  {
    name: 'keeps what can never be handled as dead letters, and goes on',
    needs: { ...NEEDS, letterStores: true },
    run: buriesPoison,
  },
  { name: 'leaves an event to a handler that takes longer than its lease', needs: NEEDS, run: keepsLongLeases },
  { name: 'leaves an event to a handler that takes longer than its session', needs: NEEDS, run: keepsLongSessions },
  { name: 'loses nothing when consumers come and go while events are retried', needs: NEEDS, run: survivesRebalances },
  {
    name: 'loses nothing when a bus drains under load, and hands back what it cannot finish',
    needs: NEEDS,
    run: drains,
  },
];

async function buriesPoison(run: SeamRun): Promise<SeamReport> {
  const count = run.count(2_000);
  const { bus, Order } = await openBus(run);
  await run.watch();
  const isPoison = (number: number): boolean => number % 25 === 3;
  bus.on(
    Order,
    ({ data: { number } }) => {
      if (isPoison(number)) throw new Error(`Number ${number} cannot be handled.`);
      run.ledger.handle(number);
    },
    { name: 'seam', concurrency: 16, retry: { maxAttempts: 3, delayMs: 5 } },
  );
  await bus.ready;
  await publishTo(run, bus, Order, numbersFrom(0, count));
  const poison = numbersFrom(0, count).filter(isPoison);
  const stored = (): number => bus.stats().deadLetters.received - bus.stats().deadLetters.storing;
  await run.until(
    () => stored() >= poison.length,
    () => `${poison.length} dead letters, got ${stored()}`,
  );
  // Another process sees them, with what has happened.
  const { bus: other } = await openBus(run);
  const letters = await other.deadLetters.list({ limit: Infinity });
  for (const { event, reason, attempts, handler } of letters) {
    const { number } = event.data as { readonly number: number };
    if (reason !== 'exhausted' || attempts.length !== 3 || handler !== 'seam') {
      throw new Error(`Expected a letter 'exhausted' of 3 attempts, got '${reason}' of ${attempts.length}.`);
    }
    run.ledger.dead.add(number);
  }
  await run.settled();
  return run.report();
}

async function keepsLongLeases(run: SeamRun): Promise<SeamReport> {
  const opened = await openBus(run, { leaseMs: 1_000 });
  await run.watch();
  await slowly(run, opened, 2_500);
  return reportWithoutRepeats(run);
}

async function keepsLongSessions(run: SeamRun): Promise<SeamReport> {
  const opened = await openBus(run);
  await run.watch();
  await slowly(run, opened, run.rig.sessionTimeoutMs * 1.5);
  return reportWithoutRepeats(run);
}

/** One at a time: the first takes long, and those behind it wait. */
async function slowly(run: SeamRun, { bus, Order }: OpenedBus, longMs: number): Promise<void> {
  bus.on(
    Order,
    async ({ data: { number } }) => {
      if (number === 0) await sleep(longMs);
      run.ledger.handle(number);
    },
    { name: 'seam', capacity: 8 },
  );
  await bus.ready;
  await publishTo(run, bus, Order, numbersFrom(0, 20));
  await run.settled();
  // What would come again has come by then.
  await sleep(500);
}

async function survivesRebalances(run: SeamRun): Promise<SeamReport> {
  const count = run.count(5_000);
  const failed = new Set<number>();
  const join = async (): Promise<BrokeredEventBus> => {
    const { bus, Order } = await openBus(run);
    bus.on(
      Order,
      async ({ data: { number } }) => {
        await sleep(2);
        if (number % 5 === 0 && !failed.has(number)) {
          failed.add(number);
          throw new Error('The first attempt fails.');
        }
        run.ledger.handle(number);
      },
      { name: 'seam', concurrency: 8, capacity: 32, retry: { maxAttempts: 4, delayMs: 200 } },
    );
    await bus.ready;
    return bus;
  };
  const { bus: publisher, Order } = await openBus(run);
  await run.watch();
  const members = [await join(), await join()];
  const publishing = publishTo(run, publisher, Order, numbersFrom(0, count));
  for (const share of [0.25, 0.5, 0.75]) {
    await run.until(
      () => run.ledger.handled.size >= count * share,
      () => `${count * share} handled, got ${run.ledger.handled.size}`,
    );
    members.push(await join());
    // The one leaves at once, with what it has in hand; the other finishes it.
    if (share === 0.5) await members.shift()!.drain();
    else members.shift()!.close();
  }
  await publishing;
  await run.settled();
  return run.report();
}

async function drains(run: SeamRun): Promise<SeamReport> {
  const count = run.count(5_000);
  const { bus: publisher, Order } = await openBus(run);
  const { bus: first } = await openBus(run);
  await run.watch();
  const work = async ({ data: { number } }: { readonly data: OrderData }): Promise<void> => {
    await sleep(2);
    run.ledger.handle(number);
  };
  const options = { name: 'seam', concurrency: 8, capacity: 64 };
  const state = { isStuck: false };
  first.on(Order, (event) => (state.isStuck ? new Promise<never>(() => undefined) : work(event)), options);
  await first.ready;
  const publishing = publishTo(run, publisher, Order, numbersFrom(0, count));
  await run.until(
    () => run.ledger.handled.size >= count / 3,
    () => `${count / 3} handled, got ${run.ledger.handled.size}`,
  );
  state.isStuck = true;
  await sleep(20);
  const { completed, abandoned } = await run.within(first.drain({ deadlineMs: 300 }), () => 'no end of a drain');
  if (completed || abandoned < 1 || abandoned > 72) {
    throw new Error(`Expected a drain to abandon what is stuck, got ${abandoned}, completed: ${completed}.`);
  }
  const { bus: second } = await openBus(run);
  second.on(Order, work, options);
  await second.ready;
  await publishing;
  await run.settled();
  const report = await run.within(second.drain(), () => 'no end of a drain');
  if (!report.completed) throw new Error('Expected a drain without a deadline to finish.');
  return run.report();
}

async function reportWithoutRepeats(run: SeamRun): Promise<SeamReport> {
  const report = await run.report();
  if (report.repeats > 0) throw new Error(`Expected no repeats, got ${report.repeats}.`);
  return report;
}
