import { createEventBus, defineEvent, payload } from 'millrace';
import type { ExplorationContext } from 'millrace/testing';
import { Breaches, expectThat } from './expect-that.ts';

interface Row {
  readonly number: number;
  readonly table: string;
}

const RowChanged = defineEvent('row.changed', payload<Row>());

/** What batches never are: empty, too large, out of order, or late; and an event is never in two of them, or in none. */
export async function batchScenario({ schedule, flaky, timeline, time }: ExplorationContext): Promise<void> {
  const maxSize = 1 + schedule.upTo(3);
  const maxWaitMs = schedule.oneOf([5, 0, 20, Infinity]);
  const isKeyed = schedule.chance(0.4);
  const maxAttempts = 1 + schedule.upTo(1);
  const breaches = new Breaches();
  using bus = createEventBus();
  if (schedule.chance(0.3)) timeline(bus);

  const batches: (readonly Row[])[] = [];
  const batchOf = new Map<number, readonly Row[]>();
  const sentAt: number[] = [];
  const work = flaky<readonly Row[]>(() => {}, { failures: 0.25, maxDelayMs: 8 });
  const store = bus.on(
    RowChanged,
    (events, context) => {
      const rows = events.map(({ data }) => data);
      breaches.note(() => {
        expectThat(rows.length > 0, 'no batch to be empty', rows);
        expectThat(rows.length <= maxSize, `at most ${maxSize} in a batch`, rows);
        if (context.attempt === 1) begin(rows);
        else expectSame(rows);
      });
      return work(rows, context);
    },
    {
      name: 'store',
      batch: { maxSize, maxWaitMs },
      concurrency: 1 + schedule.upTo(2),
      retry: { maxAttempts, delayMs: schedule.oneOf([0, 4]) },
      ...(isKeyed && { key: ({ data }) => data.table }),
    },
  );

  const count = schedule.upTo(20);
  for (let number = 0; number < count; number++) {
    sentAt.push(time.now);
    bus.emit(RowChanged, { number, table: schedule.oneOf(['a', 'b', 'c']) });
    const gapMs = schedule.oneOf([0, 0, 0, 1, 7]);
    if (gapMs > 0) await time.advance(gapMs);
    if (schedule.chance(0.4)) await expectNoneLate();
  }

  const draining = schedule.oneOf([bus, store]);
  const waiting = store.stats().pending;
  const report = await draining.drain();
  breaches.expectNone();
  expectThat(report.completed && report.handled + report.dead === waiting, `a drain to end all ${waiting}`, report);
  expectThat(batchOf.size === count, `each of ${count} to be in a batch`, [...batchOf.keys()]);
  const { accepted, handled, dead } = store.stats();
  expectThat(accepted === count && handled + dead === count, `${count} to have ended`, store.stats());
  const letters = [...(await bus.deadLetters.list())];
  expectThat(letters.length === dead, `a letter for each of ${dead}`, letters.length);

  function begin(rows: readonly Row[]): void {
    for (const row of rows) {
      expectThat(!batchOf.has(row.number), 'an event to be in one batch', row);
      const before = [...batchOf.keys()].filter((number) => !isKeyed || laneOf(number) === row.table);
      expectThat(
        before.every((number) => number < row.number),
        'the order in which events were sent',
        { row, before },
      );
      batchOf.set(row.number, rows);
    }
    batches.push(rows);
  }

  function laneOf(number: number): string | undefined {
    return batchOf.get(number)?.find((row) => row.number === number)?.table;
  }

  /** A batch is tried again as it was. */
  function expectSame(rows: readonly Row[]): void {
    const before = batchOf.get(rows[0]!.number);
    expectThat(JSON.stringify(before) === JSON.stringify(rows), 'the same batch again', { before, rows });
  }

  /** At rest, a handler that has nothing to do lets nobody wait who is enough, or has waited long enough. */
  async function expectNoneLate(): Promise<void> {
    await time.settle();
    const { running, betweenAttempts, waiting: left } = store.stats();
    if (running + betweenAttempts > 0 || left === 0) return;
    const oldest = sentAt.findIndex((_, number) => !batchOf.has(number));
    expectThat(left < maxSize, `a batch of ${maxSize} to start when it is full`, store.stats());
    expectThat(time.now - sentAt[oldest]! < maxWaitMs, `nobody to wait longer than ${maxWaitMs} ms`, {
      now: time.now,
      since: sentAt[oldest],
    });
  }
}
