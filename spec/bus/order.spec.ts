import * as fc from 'fast-check';
import { createEventBus, createEventSubject, defineEvent, type EventBus, payload } from 'millrace';
import { Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';

describe('a re-entrant emit', () => {
  it('runs after the event in progress was offered to all: A sees 1, 2, 3 and B sees 1, 2, 3', () => {
    const bus = createEventBus();
    const [a, b]: [number[], number[]] = [[], []];
    bus.on(Tick, ({ data }, { emit }) => {
      a.push(data);
      if (data < 3) emit(Tick, data + 1);
    });
    bus.on(Tick, ({ data }) => void b.push(data));
    bus.emit(Tick, 1);
    expect(a).toStrictEqual([1, 2, 3]);
    expect(b).toStrictEqual([1, 2, 3]);
  });

  // What it is instead of; were this to change in RxJS, the difference would be none.
  it('in a plain Subject, lets B see 3, 2, 1', () => {
    const subject = new Subject<number>();
    const b: number[] = [];
    subject.subscribe((value) => {
      if (value < 3) subject.next(value + 1);
    });
    subject.subscribe((value) => b.push(value));
    subject.next(1);
    expect(b).toStrictEqual([3, 2, 1]);
  });

  it.each([
    ['bus.emit', (bus: EventBus) => void bus.emit(Tick, 2)],
    ['bus.publish', (bus: EventBus) => void bus.publish(Tick, 2)],
    ['bus.ingest', (bus: EventBus) => void bus.ingest(Tick, 2)],
    ['subject.next', (bus: EventBus) => bus.subject(Tick).next(Tick.create(2))],
    ['subject.emit', (bus: EventBus) => void bus.subject(Tick).emit(2)],
  ])('is queued by %s alike', (_, send) => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on(Tick, ({ data }) => {
      seen.push(`a${data}`);
      if (data === 1) send(bus);
      seen.push(`end of a${data}`);
    });
    bus.on(Tick, ({ data }) => void seen.push(`b${data}`));
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual(['a1', 'end of a1', 'b1', 'a2', 'end of a2', 'b2']);
  });

  it('of a plain subscriber is queued too', () => {
    const subject = createEventSubject(Tick);
    const [a, b]: [number[], number[]] = [[], []];
    subject.subscribe(({ data }) => {
      a.push(data);
      if (data < 3) subject.emit(data + 1);
    });
    subject.subscribe(({ data }) => b.push(data));
    subject.emit(1);
    expect(a).toStrictEqual([1, 2, 3]);
    expect(b).toStrictEqual([1, 2, 3]);
  });

  it('of another event of the bus is queued as well', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on(Tick, (_, { emit }) => void emit(Tock, 1));
    bus.on(Tock, () => void seen.push('tock'));
    bus.on(Tick, () => void seen.push('tick'));
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual(['tick', 'tock']);
  });

  it('goes to another bus at once: each bus has an order of its own', () => {
    const [one, other] = [createEventBus(), createEventBus()];
    const seen: string[] = [];
    other.on(Tock, () => void seen.push('other tock'));
    one.on(Tick, () => void other.emit(Tock, 1));
    one.on(Tick, () => void seen.push('tick'));
    one.emit(Tick, 1);
    expect(seen).toStrictEqual(['other tock', 'tick']);
  });

  it('returns true: it has only been queued', () => {
    const bus = createEventBus();
    const answers: boolean[] = [];
    bus.on(Tock, () => undefined, { strategy: 'exhaust', capacity: 0 });
    bus.on(Tick, (_, { emit }) => void answers.push(emit(Tock, 1), emit(Tock, 2)));
    bus.emit(Tick, 1);
    expect(answers).toStrictEqual([true, true]);
  });

  it('never changes the order: all handlers always see the same events in the same order', () => {
    // Each event says what its handling emits in turn; who emits it is drawn too.
    interface Plan {
      readonly by: number;
      readonly next: readonly Plan[];
    }
    const { plan } = fc.letrec<{ plan: Plan }>((tie) => ({
      plan: fc.record({
        by: fc.nat(2),
        next: fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          fc.constant([]),
          fc.array(tie('plan'), { maxLength: 3 }),
        ),
      }),
    }));
    const Planned = [defineEvent('plan.a', payload<Plan>()), defineEvent('plan.b', payload<Plan>())] as const;
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 4 }), (plans) => {
        const bus = createEventBus();
        const seen = [0, 1, 2].map((index) => {
          const ids: string[] = [];
          bus.on('plan.*', ({ id, data }) => {
            ids.push(id);
            const { by, next } = data as Plan;
            if (by === index) for (const [turn, planned] of next.entries()) bus.emit(Planned[turn % 2]!, planned);
          });
          return ids;
        });
        const plain: string[] = [];
        bus.events('plan.*').subscribe(({ id }) => plain.push(id));
        for (const [turn, planned] of plans.entries()) bus.emit(Planned[turn % 2]!, planned);
        const [first, ...others] = [...seen, plain];
        expect(first.length).toBeGreaterThanOrEqual(plans.length);
        for (const other of others) expect(other).toStrictEqual(first);
      }),
    );
  });

  // mergeMap and concatMap recurse, see #3609.
  it('runs in a loop, never by recursion: a turn of 100,000 events leaves the stack flat', () => {
    const bus = createEventBus({ maxEventsPerTurn: Infinity });
    let last = 0;
    bus.on(Tick, ({ data }, { emit }) => {
      last = data;
      if (data < 100_000) emit(Tick, data + 1);
    });
    bus.emit(Tick, 1);
    expect(last).toBe(100_000);
  });
});

describe('an endless ping-pong of emits', () => {
  const pingPong = (bus: EventBus): { readonly pings: number[]; readonly errors: unknown[] } => {
    const pings: number[] = [];
    const errors: unknown[] = [];
    bus.on(
      Tick,
      ({ data }, { emit }) => {
        pings.push(data);
        try {
          emit(Tock, data + 1);
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
      { name: 'ping' },
    );
    bus.on(
      Tock,
      ({ data }, { emit }) => {
        pings.push(data);
        try {
          emit(Tick, data + 1);
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
      { name: 'pong' },
    );
    return { pings, errors };
  };

  it('is cut with an error after 10,000 events in one turn, instead of hanging the program', async () => {
    const bus = createEventBus();
    const { pings, errors } = pingPong(bus);
    expect(bus.emit(Tick, 1)).toBe(true);
    expect(pings).toHaveLength(10_000);
    expect(errors).toStrictEqual([
      expect.objectContaining({
        name: 'MillraceError',
        code: 'EMIT_LOOP',
        message:
          "Expected at most 10000 events in one turn, got one more, of type 'tick'. Do handlers emit to each other for ever? If not, raise maxEventsPerTurn.",
      }),
    ]);
    expect(await bus.deadLetters.list()).toMatchObject([
      { handler: 'pong', reason: 'exhausted', event: { data: 10_000 }, error: { code: 'EMIT_LOOP' } },
    ]);
  });

  it('loses nothing: what was emitted before the cut is delivered, and all counts add up', () => {
    const bus = createEventBus({ maxEventsPerTurn: 100 });
    const all: number[] = [];
    bus.on('*', ({ data }) => void all.push(data as number), { name: 'audit' });
    pingPong(bus);
    bus.emit(Tick, 1);
    expect(all).toStrictEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    const { emitted, handlers } = bus.stats();
    expect(emitted).toBe(100);
    for (const { name, accepted, handled, dead, pending } of handlers) {
      expect({ name, pending, sum: handled + dead }).toStrictEqual({ name, pending: 0, sum: accepted });
    }
    expect(handlers.map(({ handled, dead }) => [handled, dead])).toStrictEqual([
      [100, 0],
      [50, 0],
      [49, 1],
    ]);
  });

  it('does not spoil the next turn, which has its own 10,000', () => {
    const bus = createEventBus({ maxEventsPerTurn: 10 });
    const { pings, errors } = pingPong(bus);
    for (let turn = 1; turn <= 3; turn++) {
      bus.emit(Tick, 1);
      expect(pings).toHaveLength(10 * turn);
      expect(errors).toHaveLength(turn);
    }
  });

  it('rejects a publish that is one too many', async () => {
    const bus = createEventBus({ maxEventsPerTurn: 1 });
    const reports: Promise<unknown>[] = [];
    bus.on(Tick, () => void reports.push(bus.publish(Tock, 1).catch((error: unknown) => error)));
    bus.emit(Tick, 1);
    expect(await Promise.all(reports)).toMatchObject([{ code: 'EMIT_LOOP' }]);
  });

  it('has no limit where Infinity is written out', () => {
    const bus = createEventBus({ maxEventsPerTurn: Infinity });
    const seen = vi.fn();
    bus.on(Tick, ({ data }, { emit }) => {
      if (data < 20_000) emit(Tick, data + 1);
      else seen(data);
    });
    bus.emit(Tick, 1);
    expect(seen.mock.calls).toStrictEqual([[20_000]]);
  });

  it('is none of many emits in a row from outside, or after an await', async () => {
    const bus = createEventBus({ maxEventsPerTurn: 5 });
    const seen: number[] = [];
    bus.on(Tick, ({ data }) => void seen.push(data));
    bus.on(Tock, async ({ data }, { emit }) => {
      await Promise.resolve();
      if (data < 20) emit(Tock, data + 1);
    });
    for (let data = 0; data < 20; data++) bus.emit(Tick, data);
    bus.emit(Tock, 1);
    await bus.drain();
    expect(bus.stats().emitted).toBe(40);
    expect(seen).toHaveLength(20);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it('that a dead-letter subscriber makes is cut as well, and reported', () => {
    const bus = createEventBus({ maxEventsPerTurn: 50 });
    const reported = vi.fn();
    bus.errors.subscribe(({ kind, error }) => reported(kind, (error as { code?: string }).code));
    bus.on(
      Tick,
      () => {
        throw new Error('broken');
      },
      { name: 'broken' },
    );
    bus.deadLetters.subscribe(() => void bus.emit(Tick, 1));
    bus.emit(Tick, 1);
    expect(bus.stats().handlers).toMatchObject([{ accepted: 50, dead: 50 }]);
    expect(reported.mock.calls).toStrictEqual([['dead-letter-subscriber', 'EMIT_LOOP']]);
  });
});
