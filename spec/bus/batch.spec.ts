import {
  type Batched,
  createEventBus,
  createEventSubject,
  type DeliveryReport,
  type EventMessage,
  type Handling,
  type OnOptions,
  type Probe,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER, Subject, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Tick, Tock, UserRenamed, UserSignedUp } from '../support/events.ts';

type Ticks = readonly EventMessage<'tick', number>[];

const FOREVER = Infinity;

/** The data of a batch as text: `'1 2'`. */
function textOf(events: Ticks): string {
  return events.map(({ data }) => data).join(' ');
}

describe('a handler of batches', () => {
  it(
    'is given the events of one definition in arrays, when they are full or have waited long enough',
    marbles((m) => {
      const bus = createEventBus({ scheduler: m.scheduler });
      const batches$ = new Subject<string>();
      bus.on(Tick, (events) => batches$.next(textOf(events)), { batch: { maxSize: 3, maxWaitMs: 4 } });
      m.hot(' 12-3----4---').subscribe((digit) => bus.emit(Tick, Number(digit)));
      m.expect(batches$).toBeObservable('---x--------y', { x: '1 2 3', y: '4' });
    }),
  );

  it('is given all that a list or a pattern matches, in the order in which it was emitted', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on(
      [UserSignedUp, UserRenamed],
      (events) => {
        const names = events.map((event) => (event.type === 'user.renamed' ? event.data.name : event.data.userId));
        seen.push(`list: ${names.join(' ')}`);
      },
      { batch: { maxSize: 3 } },
    );
    bus.on('user.*', (events) => void seen.push(`pattern: ${events.map(({ type }) => type).join(' ')}`), {
      batch: { maxSize: 2, maxWaitMs: FOREVER },
    });
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    bus.emit(UserSignedUp, { userId: 'u2' });
    expect(seen).toStrictEqual(['pattern: user.signed_up user.renamed', 'list: u1 Ada u2']);
  });

  it('is given the very same messages as others', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    bus.on(Tick, (events) => void seen.push(...events), { batch: { maxSize: 2 } });
    for (const data of [1, 2]) bus.emit(Tick, data);
    expect(seen).toHaveLength(4);
    expect(seen[2]).toBe(seen[0]);
    expect(seen[3]).toBe(seen[1]);
  });

  it.each([
    { of: 'a bus', make: () => createEventBus().subject(Tick) },
    { of: 'its own', make: () => createEventSubject(Tick) },
  ])('can be one of a subject, of $of', ({ make }) => {
    const seen: string[] = [];
    const tick$ = make();
    tick$.on((events) => void seen.push(textOf(events)), { batch: { maxSize: 2 } });
    for (const data of [1, 2]) tick$.emit(data);
    for (const data of [3, 4]) tick$.next(Tick.create(data));
    expect(seen).toStrictEqual(['1 2', '3 4']);
  });

  it('is given what the topic remembers, when it comes late', () => {
    const seen: string[] = [];
    const tick$ = createEventSubject(Tick, { replay: 2 });
    for (const data of [1, 2, 3]) tick$.emit(data);
    tick$.on((events) => void seen.push(textOf(events)), { batch: { maxSize: 2 } });
    expect(seen).toStrictEqual(['2 3']);
  });

  it('makes emit answer true for an event that waits for others, and false when there is no room', () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER, { name: 'rows', batch: { maxSize: 2 }, capacity: 0 });
    expect([1, 2, 3].map((data) => bus.emit(Tick, data))).toStrictEqual([true, true, false]);
    expect(bus.stats().handlers).toMatchObject([{ name: 'rows', running: 2, dead: 1, pending: 2 }]);
  });

  it(
    'keeps the order of each key',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: string[] = [];
      bus.on(
        Tick,
        async (events) => {
          seen.push(textOf(events));
          await time.advance(1);
        },
        { batch: { maxSize: 2 }, key: ({ data }) => data % 2, concurrency: 4 },
      );
      for (const data of [1, 3, 5, 2, 7, 4]) bus.emit(Tick, data);
      expect(seen).toStrictEqual(['1 3', '2 4']);
      await bus.drain();
      expect(seen).toStrictEqual(['1 3', '2 4', '5 7']);
    }),
  );

  it('ends with the subscription: what waits and what runs becomes letters', async () => {
    const bus = createEventBus();
    const signals: AbortSignal[] = [];
    const subscription = bus.on(
      Tick,
      (_events, { signal }) => {
        signals.push(signal);
        return NEVER;
      },
      { name: 'rows', batch: { maxSize: 2 } },
    );
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    subscription.unsubscribe();
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([true]);
    const letters = await bus.deadLetters.list();
    expect(letters.map(({ event, reason, handler }) => [event.data, reason, handler])).toStrictEqual([
      [1, 'abandoned', 'rows'],
      [2, 'abandoned', 'rows'],
      [3, 'abandoned', 'rows'],
    ]);
    expect(subscription.stats()).toMatchObject({ accepted: 3, dead: 3, pending: 0 });
  });

  it('can have its letters back, by its name, in later batches', async () => {
    const bus = createEventBus();
    const seen: string[] = [];
    const sick = bus.on(Tick, () => throwError(() => 'no'), { name: 'rows', batch: { maxSize: 2 } });
    for (const data of [1, 2]) bus.emit(Tick, data);
    sick.unsubscribe();
    bus.on(Tick, (events) => void seen.push(textOf(events)), { name: 'rows', batch: { maxSize: 3 } });
    bus.emit(Tick, 3);
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2, handled: 2 });
    expect(seen).toStrictEqual(['3 1 2']);
  });
});

describe('publish', () => {
  it(
    'reports how its own event ended, with the attempts and the error of its batch',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, (events) => (textOf(events) === '1 2' ? throwError(() => 'no') : undefined), {
        name: 'rows',
        batch: { maxSize: 2 },
        retry: { maxAttempts: 2, delayMs: 5 },
      });
      bus.on(Tick, () => undefined, { name: 'other' });
      const reports = Promise.all([1, 2, 3, 4].map((data) => bus.publish(Tick, data)));
      await time.advance(5);
      const [first, second, third, fourth] = (await reports) as [
        DeliveryReport,
        DeliveryReport,
        DeliveryReport,
        DeliveryReport,
      ];
      const letters = await bus.deadLetters.list();
      for (const [index, { ok, handlers }] of [first, second].entries()) {
        const { id } = letters[index]!;
        expect(ok).toBe(false);
        expect(handlers).toStrictEqual([
          { name: 'rows', outcome: 'dead', attempts: 2, reason: 'exhausted', error: 'no', deadLetterId: id },
          { name: 'other', outcome: 'handled', attempts: 1 },
        ]);
      }
      expect([third.ok, fourth.ok]).toStrictEqual([true, true]);
      expect(third.handlers[0]).toStrictEqual({ name: 'rows', outcome: 'handled', attempts: 1 });
    }),
  );

  it(
    'resolves when the batch of its event has ended, not before',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => timer(2), { batch: { maxWaitMs: 3 } });
      const reported: number[] = [];
      const report = bus.publish(Tick, 1).then(() => reported.push(time.now));
      for (let ms = 0; ms < 5; ms++) {
        expect(reported).toStrictEqual([]);
        await time.advance(1);
      }
      await report;
      expect(reported).toStrictEqual([5]);
    }),
  );

  it(
    'waits for room, which a batch frees for as many as it held',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const ends: (() => void)[] = [];
      bus.on(Tick, () => new Promise<void>((resolve) => void ends.push(resolve)), {
        batch: { maxSize: 2 },
        capacity: 0,
      });
      const reports = Promise.all([1, 2, 3, 4].map((data) => bus.publish(Tick, data)));
      expect(bus.stats().handlers).toMatchObject([{ running: 2, suspended: 2 }]);
      ends[0]!();
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ running: 2, suspended: 0 }]);
      ends[1]!();
      expect((await reports).map(({ ok }) => ok)).toStrictEqual([true, true, true, true]);
    }),
  );
});

describe('a publish within a batch', () => {
  it.each<[situation: string, options: Batched<OnOptions<EventMessage<'tick', number>>>]>([
    ['has one slot', { batch: { maxSize: 2 } }],
    ['has one slot, and no room at all', { batch: { maxSize: 2 }, capacity: 0 }],
    ['has the key of one of its events', { batch: { maxSize: 2 }, concurrency: 4, key: ({ data }) => data % 2 }],
    ['has other keys, but one slot', { batch: { maxSize: 2 }, key: ({ data }) => data }],
  ])(
    'is told at once that it could never end: its handler %s',
    virtualTest(async ({ time }, _, options) => {
      const bus = createEventBus();
      const results: unknown[] = [];
      bus.on(
        Tick,
        async (events, { publish }) => {
          if (events.length < 2) return;
          results.push(await publish(Tick, 3).catch((error: unknown) => error));
        },
        { name: 'self', ...options },
      );
      for (const data of [1, 2]) bus.emit(Tick, data);
      await time.settle();
      expect(results).toMatchObject([
        { code: 'SELF_DEADLOCK', message: expect.stringMatching(/handler 'self' .*context\.emit/u) as string },
      ]);
      expect(bus.stats()).toMatchObject({ emitted: 2, handlers: [{ handled: 2, pending: 0 }] });
    }),
  );

  it.each([1, 2])(
    'is told so across another handler that waits for event %s of the batch',
    virtualTest(async ({ time }, awaited) => {
      const bus = createEventBus();
      const results: unknown[] = [];
      bus.on(
        Tock,
        async ({ data }, { publish }) => {
          if (data === 1) await publish(Tick, awaited);
        },
        { name: 'self' },
      );
      bus.on(
        Tick,
        async (_events, { publish }) => {
          results.push(await publish(Tock, 2).catch((error: unknown) => error));
        },
        { batch: { maxSize: 2 } },
      );
      if (awaited === 2) bus.emit(Tick, 1);
      bus.emit(Tock, 1);
      if (awaited === 1) bus.emit(Tick, 2);
      await time.settle();
      expect(results).toMatchObject([{ code: 'SELF_DEADLOCK', message: expect.stringContaining("'self'") as string }]);
      expect(bus.stats().handlers.map(({ pending }) => pending)).toStrictEqual([0, 0]);
    }),
  );

  it(
    'gets its report where nothing that it holds is needed',
    virtualTest(async () => {
      const bus = createEventBus();
      const seen: unknown[] = [];
      bus.on(Tock, () => timer(1), { name: 'other' });
      bus.on(
        Tick,
        async (events, { publish }) => {
          const reports = await Promise.all(events.map(({ data }) => publish(Tock, data)));
          seen.push(...reports.map(({ ok }) => ok));
        },
        { batch: { maxSize: 2 } },
      );
      for (const data of [1, 2]) bus.emit(Tick, data);
      await bus.drain();
      expect(seen).toStrictEqual([true, true]);
    }),
  );
});

describe('what a handler of batches sends by its context', () => {
  it.each([
    {
      batch: 'of one event follows from it',
      ids: ['m1'],
      correlations: [],
      emitted: { correlationId: 'm1', causationId: 'm1' },
    },
    {
      batch: 'of one event follows from it, and from its chain',
      ids: ['m1'],
      correlations: ['r1'],
      emitted: { correlationId: 'r1', causationId: 'm1' },
    },
    {
      batch: 'of one chain belongs to it',
      ids: ['m1', 'm2'],
      correlations: ['r1', 'r1'],
      emitted: { correlationId: 'r1' },
    },
    { batch: 'of several chains belongs to none', ids: ['m1', 'm2'], correlations: ['r1', 'r2'], emitted: {} },
    { batch: 'of events that begin chains belongs to none', ids: ['m1', 'm2'], correlations: [], emitted: {} },
    {
      batch: 'of an event and one that follows from it belongs to their chain',
      ids: ['m1', 'm2'],
      correlations: [undefined, 'm1'],
      emitted: { correlationId: 'm1' },
    },
  ])('$batch', async ({ ids, correlations, emitted }) => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tock, (event) => void seen.push(event));
    bus.on(Tick, (_, { emit }) => void emit(Tock, 1), { batch: { maxSize: ids.length } });
    for (const [index, id] of ids.entries()) {
      const correlationId = correlations[index];
      bus.emit(Tick, 1, { id, ...(correlationId !== undefined && { headers: { correlationId } }) });
    }
    await bus.drain();
    expect(seen.map(({ headers }) => headers)).toStrictEqual([emitted]);
  });

  it('carries the headers that are given before those of the chain', async () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tock, (event) => void seen.push(event));
    bus.on(
      Tick,
      async ([first], { emit, publish }) => {
        emit(Tock, 1);
        emit(Tock, 2, { headers: { causationId: first!.id } });
        await publish(Tock, 3);
      },
      { batch: { maxSize: 2 } },
    );
    for (const id of ['m1', 'm2']) bus.emit(Tick, 1, { id, headers: { correlationId: 'request-7' } });
    await bus.drain();
    expect(seen.map(({ data, headers }) => [data, headers])).toStrictEqual([
      [1, { correlationId: 'request-7' }],
      [2, { correlationId: 'request-7', causationId: 'm1' }],
      [3, { correlationId: 'request-7' }],
    ]);
  });

  it('joins the next batch of the same handler', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on(
      Tick,
      (events, { emit }) => {
        seen.push(textOf(events));
        for (const { data } of events) if (data < 3) emit(Tick, data + 2);
      },
      { batch: { maxSize: 2, maxWaitMs: FOREVER } },
    );
    for (const data of [1, 2]) bus.emit(Tick, data);
    expect(seen).toStrictEqual(['1 2', '3 4']);
  });
});

describe('drain', () => {
  it(
    'hands over at once what waits for a batch to fill, and what handlers emit meanwhile',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: string[] = [];
      bus.on(
        Tick,
        async (events, { emit }) => {
          seen.push(`ticks ${textOf(events)}`);
          await time.advance(1);
          for (const { data } of events) emit(Tock, data);
        },
        { batch: { maxSize: 5, maxWaitMs: FOREVER } },
      );
      bus.on(Tock, (events) => void seen.push(`tocks ${events.length}`), { batch: { maxSize: 5, maxWaitMs: 1_000 } });
      for (const data of [1, 2]) bus.emit(Tick, data);
      expect(seen).toStrictEqual([]);
      const report = await bus.drain();
      expect(seen).toStrictEqual(['ticks 1 2', 'tocks 1', 'tocks 1']);
      expect(report).toMatchObject({ completed: true, handled: 4, dead: 0, abandoned: 0 });
      await time.runAll();
      expect(time.now).toBe(1);
    }),
  );

  it('of a subscription does so too', async () => {
    const bus = createEventBus();
    const seen: string[] = [];
    const subscription = bus.on(Tick, (events) => void seen.push(textOf(events)), {
      batch: { maxSize: 2, maxWaitMs: FOREVER },
    });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    expect(await subscription.drain()).toMatchObject({ completed: true, handled: 1 });
    expect(seen).toStrictEqual(['1 2', '3']);
  });

  it(
    'gives up on whole batches at its deadline, and reports their events',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER, { name: 'rows', batch: { maxSize: 2 } });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      const draining = bus.drain({ deadlineMs: 5 });
      await time.advance(5);
      expect(await draining).toMatchObject({ completed: false, handled: 0, dead: 3, abandoned: 3 });
    }),
  );
});

describe('the probe of a bus', () => {
  it('is told of each event, and runs each batch in one context', () => {
    const lines: string[] = [];
    const line = (what: string, { event }: Handling): void => {
      lines.push(`${what} ${String((event as EventMessage).data)}`);
    };
    const probe: Probe = {
      accepted: (handling) => line('accepted', handling),
      started: (handling) => line('started', handling),
      settled: (handling, { outcome }) => line(outcome, handling),
      around: ({ event }, call) => {
        lines.push(`around ${textOf(event as Ticks)}`);
        return call();
      },
    };
    const bus = createEventBus({ probe });
    bus.on(Tick, () => undefined, { batch: { maxSize: 2 } });
    for (const data of [1, 2]) bus.emit(Tick, data);
    expect(lines).toStrictEqual([
      'accepted 1',
      'accepted 2',
      'started 1',
      'started 2',
      'around 1 2',
      'handled 1',
      'handled 2',
    ]);
  });
});
