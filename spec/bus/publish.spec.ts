import {
  createEventBus,
  createEventSubject,
  type DeliveryReport,
  type EventMessage,
  type HandlerReport,
} from 'millrace';
import { virtualTest, type VirtualTime } from 'millrace/testing';
import { NEVER, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>, time: VirtualTime): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, time.settle().then(() => pending)])) !== pending;
}

describe('the report of publish', () => {
  it(
    'tells of each handler how it ended, in the order of registration',
    virtualTest(async () => {
      const bus = createEventBus();
      const error = new Error('broken');
      bus.on(Tick, () => timer(1), { name: 'slow' });
      bus.on(Tick, () => undefined, { name: 'quick' });
      bus.on(Tick, () => Promise.reject(error), { name: 'broken', retry: { maxAttempts: 3, delayMs: 0 } });
      const report = await bus.publish(Tick, 1);
      const [letter] = await bus.deadLetters.list();
      expect(report).toStrictEqual({
        stage: 'settled',
        ok: false,
        unhandled: false,
        handlers: [
          { name: 'slow', outcome: 'handled', attempts: 1 },
          { name: 'quick', outcome: 'handled', attempts: 1 },
          { name: 'broken', outcome: 'dead', attempts: 3, reason: 'exhausted', error, deadLetterId: letter!.id },
        ],
      });
    }),
  );

  it(
    'is ok when every handler has handled the event',
    virtualTest(async () => {
      const bus = createEventBus();
      bus.on(Tick, () => timer(1), { name: 'a' });
      bus.on('*', () => undefined, { name: 'b' });
      expect(await bus.publish(Tick, 1)).toMatchObject({ ok: true, unhandled: false });
    }),
  );

  it('without any handler is ok, and says unhandled; plain subscribers are no handlers', async () => {
    const bus = createEventBus();
    const plain = vi.fn();
    bus.events(Tick).subscribe(({ data }) => plain(data));
    bus.on(Tock, () => undefined);
    const report = await bus.publish(Tick, 1);
    expect(report).toStrictEqual({ stage: 'settled', ok: true, unhandled: true, handlers: [] });
    expect(plain.mock.calls).toStrictEqual([[1]]);
  });

  it('counts the attempts of an event that succeeds late', async () => {
    const bus = createEventBus();
    bus.on(
      Tick,
      (_, { attempt }) => {
        if (attempt < 3) throw new Error('not yet');
      },
      { name: 'late', retry: { maxAttempts: 5, delayMs: 0 } },
    );
    const { ok, handlers } = await bus.publish(Tick, 1);
    expect({ ok, handlers }).toStrictEqual({ ok: true, handlers: [{ name: 'late', outcome: 'handled', attempts: 3 }] });
  });

  it.each([
    [
      'a refused retry',
      { retry: { maxAttempts: 5, retryIf: () => false } },
      { outcome: 'dead', reason: 'rejected', attempts: 1 },
    ],
    [
      'a key that throws',
      {
        key: () => {
          throw new Error('no key');
        },
      },
      { outcome: 'dead', reason: 'invalid-key', attempts: 0 },
    ],
  ])('tells why a copy is dead: %s', async (_, options, expected) => {
    const bus = createEventBus();
    bus.on(Tick, () => Promise.reject(new Error('broken')), { name: 'broken', ...options });
    const { handlers } = await bus.publish(Tick, 1);
    expect(handlers).toMatchObject([expected]);
  });

  it('tells that the handler was unsubscribed meanwhile', async () => {
    const bus = createEventBus();
    const subscription = bus.on(Tick, () => NEVER);
    const report = bus.publish(Tick, 1);
    subscription.unsubscribe();
    expect((await report).handlers).toMatchObject([{ outcome: 'dead', reason: 'abandoned', attempts: 1 }]);
  });

  it('skips a handler that is removed by one before it', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => removed.unsubscribe(), { name: 'remover' });
    const removed = bus.on(Tick, () => undefined, { name: 'removed' });
    expect((await bus.publish(Tick, 1)).handlers.map(({ name }) => name)).toStrictEqual(['remover']);
  });

  // PublishSync of the tutorials returns before its dead letter was handled.
  it('comes after the subscribers of the dead letters have been told', async () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.deadLetters.subscribe(({ id }) => seen.push(id));
    bus.on(Tick, () => Promise.reject(new Error('broken')));
    const { handlers } = await bus.publish(Tick, 1);
    expect(seen).toStrictEqual([handlers[0]!.deadLetterId]);
  });

  it(
    'is that of a bus too when a subject that stands alone publishes',
    virtualTest(async () => {
      const subject = createEventSubject(Tick);
      subject.on(() => timer(1), { name: 'a' });
      expect(await subject.publish(1)).toStrictEqual({
        stage: 'settled',
        ok: true,
        unhandled: false,
        handlers: [{ name: 'a', outcome: 'handled', attempts: 1 }],
      });
    }),
  );

  // A tutorial's publish delivers 96 % of a burst out of order.
  it(
    'comes for each event of a burst, handled in the order in which it was published',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: number[] = [];
      bus.on(
        Tick,
        async ({ data }) => {
          if (data % 7 === 0) await time.advance(1);
          seen.push(data);
        },
        { capacity: 10 },
      );
      const burst = Array.from({ length: 200 }, (_, data) => bus.publish(Tick, data));
      const reports = await Promise.all(burst);
      expect(seen).toStrictEqual(Array.from({ length: 200 }, (_, data) => data));
      expect(reports.every(({ ok }) => ok)).toBe(true);
    }),
  );

  it(
    'waits for the slowest handler',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      bus.on(Tick, () => undefined);
      bus.on(Tick, held);
      const report = bus.publish(Tick, 1);
      expect(await isSettled(report, time)).toBe(false);
      held.call(0).succeed();
      expect(await report).toMatchObject({ ok: true });
    }),
  );
});

/** A bus whose handler 'full' has event 1 in progress and no room beyond it. */
function fullBus(overflow: 'drop-newest' | 'drop-oldest' | 'fail' | 'suspend', capacity = 0) {
  const bus = createEventBus();
  const held = new HeldHandler<EventMessage<'tick', number>>();
  bus.on(Tick, held, { name: 'full', capacity, overflow });
  const first = bus.publish(Tick, 1);
  return { bus, held, first };
}

describe('publish to a full handler', () => {
  it(
    'suspend: waits for room, while the other handlers proceed',
    virtualTest(async ({ time }) => {
      const { bus, held, first } = fullBus('suspend');
      const others = vi.fn();
      bus.on(Tick, ({ data }) => others(data));
      const second = bus.publish(Tick, 2);
      expect(others.mock.calls).toStrictEqual([[2]]);
      expect(bus.stats().handlers[0]).toMatchObject({ accepted: 1, pending: 1, suspended: 1 });
      expect(await isSettled(second, time)).toBe(false);
      held.call(0).succeed();
      await first;
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 2]);
      expect(bus.stats().handlers[0]).toMatchObject({ accepted: 2, suspended: 0 });
      held.call(1).succeed();
      expect(await second).toMatchObject({ ok: true });
    }),
  );

  it(
    'suspend: those that wait are first in, first out, and an emit may not overtake them',
    virtualTest(async ({ time }) => {
      const { bus, held } = fullBus('suspend', 1);
      const published = [2, 3, 4].map((data) => bus.publish(Tick, data));
      expect(bus.stats().handlers[0]).toMatchObject({ pending: 2, waiting: 1, suspended: 2 });
      held.call(0).succeed();
      await time.settle();
      // One publisher moved up; there is one behind it, so an emit counts as too late although it is its turn that is free.
      expect(bus.stats().handlers[0]).toMatchObject({ pending: 2, suspended: 1 });
      expect(bus.emit(Tick, 5)).toBe(false);
      for (const index of [1, 2, 3]) {
        held.call(index).succeed();
        await time.settle();
      }
      await Promise.all(published);
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 2, 3, 4]);
      expect((await bus.deadLetters.list()).map(({ event, reason }) => [event.data, reason])).toStrictEqual([
        [5, 'overflow'],
      ]);
    }),
  );

  const unsuspended: readonly [overflow: 'drop-newest' | 'drop-oldest' | 'fail', expected: Partial<HandlerReport>][] = [
    ['drop-newest', { outcome: 'dropped', reason: 'drop-newest', attempts: 0 }],
    ['fail', { outcome: 'rejected', attempts: 0, error: expect.objectContaining({ code: 'OVERFLOW' }) }],
  ];

  it.each(unsuspended)('%s: the report says so, and publish does not reject', async (overflow, expected) => {
    const { bus, held } = fullBus(overflow);
    bus.on(Tick, () => undefined, { name: 'other' });
    const report = await bus.publish(Tick, 2);
    expect(report).toStrictEqual({
      stage: 'settled',
      ok: false,
      unhandled: false,
      handlers: [
        { name: 'full', ...expected },
        { name: 'other', outcome: 'handled', attempts: 1 },
      ],
    });
    expect(held.calls).toHaveLength(1);
  });

  it(
    'drop-oldest: the report of the event that was dropped says so',
    virtualTest(async ({ time }) => {
      const { bus, held } = fullBus('drop-oldest', 1);
      const oldest = bus.publish(Tick, 2);
      const newest = bus.publish(Tick, 3);
      expect((await oldest).handlers).toStrictEqual([
        { name: 'full', outcome: 'dropped', attempts: 0, reason: 'drop-oldest' },
      ]);
      held.call(0).succeed();
      await time.settle();
      held.call(1).succeed();
      expect(await newest).toMatchObject({ ok: true });
    }),
  );

  it.each([
    ['switch', 1, { outcome: 'dropped', reason: 'superseded', attempts: 1 }],
    ['exhaust', 2, { outcome: 'dropped', reason: 'busy', attempts: 0 }],
  ] as const)('strategy %s: the report of the event that lost says so', async (strategy, loser, expected) => {
    const bus = createEventBus();
    const held = new HeldHandler();
    bus.on(Tick, held, { strategy });
    const reports = [bus.publish(Tick, 1), bus.publish(Tick, 2)];
    expect(await reports[loser - 1]).toMatchObject({ ok: false, handlers: [expected] });
    held.call(-1).succeed();
    expect(await reports[2 - loser]).toMatchObject({ ok: true });
  });
});

describe('a publish whose signal is aborted', () => {
  it('rejects at once and offers nothing, if it was aborted before', async () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.on(Tick, () => void seen());
    await expect(bus.publish(Tick, 1, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(seen).not.toHaveBeenCalled();
    expect(bus.stats().emitted).toBe(0);
  });

  it(
    'rejects with the reason; what was accepted goes on',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      bus.on(Tick, held, { name: 'mail' });
      const controller = new AbortController();
      const report = bus.publish(Tick, 1, { signal: controller.signal });
      bus.emit(Tick, 2);
      controller.abort(new Error('enough'));
      await expect(report).rejects.toThrow('enough');
      expect(held.call(0).context.signal.aborted).toBe(false);
      held.call(0).succeed();
      await time.settle();
      held.call(1).succeed();
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ accepted: 2, handled: 2, pending: 0 }]);
    }),
  );

  it('takes back what still waits for room', async () => {
    const { bus, held, first } = fullBus('suspend');
    const controller = new AbortController();
    const second = bus.publish(Tick, 2, { signal: controller.signal });
    const third = bus.publish(Tick, 3);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    expect(bus.stats().handlers).toMatchObject([{ suspended: 1 }]);
    held.call(0).succeed();
    await first;
    held.call(1).succeed();
    await third;
    expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 3]);
  });

  it(
    'in a handler, before the event was its turn: is not offered to those that had to wait',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<EventMessage<'tock', number>>();
      bus.on(Tock, held, { capacity: 0 });
      bus.emit(Tock, 1);
      const reports: Promise<unknown>[] = [];
      bus.on(Tick, () => {
        const controller = new AbortController();
        reports.push(bus.publish(Tock, 2, { signal: controller.signal }).catch((error: unknown) => error));
        controller.abort(new Error('enough'));
      });
      bus.emit(Tick, 1);
      expect(await Promise.all(reports)).toStrictEqual([new Error('enough')]);
      expect(bus.stats().handlers[0]).toMatchObject({ suspended: 0 });
      held.call(0).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1]);
    }),
  );

  it(
    'leaves nothing on the signal once the report has come',
    virtualTest(async () => {
      const bus = createEventBus();
      bus.on(Tick, () => timer(1));
      const { signal } = new AbortController();
      const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
      await bus.publish(Tick, 1, { signal });
      expect(add).toHaveBeenCalled();
      expect(remove.mock.calls.map(([, listener]) => listener)).toStrictEqual(
        add.mock.calls.map(([, listener]) => listener),
      );
    }),
  );
});

describe('publish never rejects because of handlers', () => {
  it('not when the bus is closed meanwhile: the copy is dead', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER, { name: 'hanging' });
    const report = bus.publish(Tick, 1);
    bus.close();
    expect(await report).toMatchObject({
      ok: false,
      handlers: [{ name: 'hanging', outcome: 'dead', reason: 'abandoned' }],
    });
  });

  it('not when it waits for room as the bus drains: its copy is rejected', async () => {
    const { bus, held, first } = fullBus('suspend');
    const second = bus.publish(Tick, 2);
    const drained = bus.drain();
    expect(await second).toMatchObject({
      ok: false,
      handlers: [{ name: 'full', outcome: 'rejected', attempts: 0, error: { code: 'CLOSED' } }],
    });
    held.call(0).succeed();
    expect(await first).toMatchObject({ ok: true });
    expect(await drained).toMatchObject({ completed: true, handled: 1 });
  });

  it(
    'not when its time is over: the timeout is in the report',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => new Promise(() => undefined), { name: 'hanging', timeoutMs: 50 });
      const report: Promise<DeliveryReport> = bus.publish(Tick, 1);
      await time.advance(50);
      expect((await report).handlers).toMatchObject([
        { name: 'hanging', outcome: 'dead', reason: 'timeout', error: { code: 'TIMEOUT' } },
      ]);
    }),
  );
});
