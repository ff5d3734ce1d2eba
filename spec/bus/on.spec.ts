import { createEventBus, createEventSubject, type EventMessage } from 'millrace';
import { timeline, virtualTest } from 'millrace/testing';
import { Observable, of, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { OrderPlaced, Tick, Tock, UserRenamed, UserSignedUp } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

describe('on', () => {
  it('handles the events of one definition, and no other', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on(UserSignedUp, ({ type, data }) => void seen.push(`${type} ${data.userId}`));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    expect(seen).toStrictEqual(['user.signed_up u1']);
  });

  it('handles a list of events, each once', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on([OrderPlaced, UserSignedUp, OrderPlaced], (event) => {
      seen.push(event.type === 'order.placed' ? event.data.id : event.data.userId);
    });
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    expect(seen).toStrictEqual(['u1', 'o1']);
  });

  it('handles what a pattern matches, also events that the bus meets later', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.emit(UserSignedUp, { userId: 'u0' });
    bus.on('user.*', ({ type }) => void seen.push(type));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    expect(seen).toStrictEqual(['user.signed_up', 'user.renamed']);
  });

  it('gives every handler the same message, not a copy', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    bus.on('*', (event) => void seen.push(event));
    bus.emit(Tick, 1);
    expect(seen[0]).toBe(seen[1]);
  });

  it('takes a handler object, and calls handle on it', () => {
    class Greeter {
      readonly greeted: string[] = [];
      handle({ data }: EventMessage<'user.signed_up', { userId: string }>): void {
        this.greeted.push(data.userId);
      }
    }
    const bus = createEventBus();
    const greeter = new Greeter();
    bus.on(UserSignedUp, greeter);
    bus.emit(UserSignedUp, { userId: 'u1' });
    expect(greeter.greeted).toStrictEqual(['u1']);
  });

  it('gives a handler object its context too', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Tick, {
      handle(_event, { attempt, signal }) {
        seen.push(attempt, signal.aborted);
      },
    });
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([1, false]);
  });

  it.each([1, Number.NaN, '', 'text', false, null, undefined, {}, [], Symbol('s'), () => 'a function'])(
    'counts any plain result as handled: %s',
    (result) => {
      const bus = createEventBus();
      const subscription = bus.on(Tick, () => result);
      bus.emit(Tick, 1);
      expect(subscription.stats()).toMatchObject({ accepted: 1, handled: 1, pending: 0 });
    },
  );

  it('calls handlers in the order of registration, exact, listed and wildcard alike', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.on('*', () => void seen.push('first, a pattern'));
    bus.on(Tick, () => void seen.push('second, the event'));
    bus.on([Tock, Tick], () => void seen.push('third, a list'));
    bus.on('>', () => void seen.push('fourth, a pattern'));
    bus.subject(Tick).on(() => void seen.push('fifth, on the subject'));
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([
      'first, a pattern',
      'second, the event',
      'third, a list',
      'fourth, a pattern',
      'fifth, on the subject',
    ]);
  });

  it('calls plain subscribers after all handlers, whoever came first', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.events(Tick).subscribe(() => seen.push('a plain subscriber'));
    bus.on(Tick, () => void seen.push('a handler'));
    bus.events('*').subscribe(() => seen.push('a plain subscriber of a pattern'));
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual(['a handler', 'a plain subscriber', 'a plain subscriber of a pattern']);
  });

  it('starts an idle handler before emit returns', () => {
    const bus = createEventBus();
    const held = new HeldHandler();
    bus.on(Tick, held);
    bus.emit(Tick, 1);
    expect(held.calls).toHaveLength(1);
  });
});

describe('a handler that joins or leaves during an emit', () => {
  it('misses the event in progress if it joins, and gets the next', () => {
    const bus = createEventBus();
    const late = vi.fn();
    bus.once(Tick, () => void bus.on(Tick, ({ data }) => late(data)));
    bus.emit(Tick, 1);
    expect(late).not.toHaveBeenCalled();
    bus.emit(Tick, 2);
    expect(late.mock.calls).toStrictEqual([[2]]);
  });

  it('gets a re-entrant event that was emitted before it joined: that one has not been offered yet', () => {
    const bus = createEventBus();
    const late = vi.fn();
    bus.once(Tick, (_, { emit }) => {
      emit(Tick, 2);
      bus.on(Tick, ({ data }) => late(data));
    });
    bus.emit(Tick, 1);
    expect(late.mock.calls).toStrictEqual([[2]]);
  });

  it('is skipped if it is removed by one before it', () => {
    const bus = createEventBus();
    const removed = vi.fn();
    const last = vi.fn();
    bus.on(Tick, () => subscription.unsubscribe());
    const subscription = bus.on(Tick, () => void removed());
    bus.on(Tick, () => void last());
    expect(bus.emit(Tick, 1)).toBe(true);
    expect(removed).not.toHaveBeenCalled();
    expect(last).toHaveBeenCalledOnce();
  });

  it(
    'still ends its event if it removes itself: the attempt is given up, its letter says so',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const own = bus.on(
        Tick,
        async () => {
          own.unsubscribe();
          await time.advance(1);
        },
        { name: 'own' },
      );
      bus.emit(Tick, 1);
      await time.advance(1);
      const letters = await bus.deadLetters.list();
      expect(letters).toMatchObject([{ handler: 'own', reason: 'abandoned', event: { data: 1 } }]);
      expect(own.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
    }),
  );
});

describe('isolation', () => {
  const failures: readonly [how: string, handler: () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'throws undefined',
      () => {
        throw undefined;
      },
    ],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['errors its Observable', () => throwError(() => new Error('broken'))],
    [
      'returns an Observable that cannot be subscribed',
      () =>
        new Observable(() => {
          throw new Error('broken');
        }),
    ],
  ];

  it.each(failures)(
    'a handler that %s harms no other handler, no stream, and no later event',
    virtualTest(async ({ time }, _, broken) => {
      const bus = createEventBus();
      const [before, after, plain] = [vi.fn(), vi.fn(), vi.fn()];
      bus.on(Tick, ({ data }) => before(data));
      bus.on(Tick, broken, { name: 'broken' });
      bus.on(Tick, ({ data }) => after(data));
      bus.events(Tick).subscribe(({ data }) => plain(data));
      for (const data of [1, 2, 3]) {
        bus.emit(Tick, data);
        await time.settle();
      }
      for (const seen of [before, after, plain]) expect(seen.mock.calls).toStrictEqual([[1], [2], [3]]);
      const letters = await bus.deadLetters.list();
      expect(letters.map(({ handler, reason }) => [handler, reason])).toStrictEqual(
        Array.from({ length: 3 }, () => ['broken', 'exhausted']),
      );
    }),
  );

  // A panic in one of the tutorials' handlers ends their process.
  it(
    'a failing handler raises no unhandled error, wherever it fails',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      for (const [how, broken] of failures) bus.on(Tick, broken, { name: how });
      bus.emit(Tick, 1);
      await bus.publish(Tick, 2);
      // A virtual test fails at an error that nobody handles, thrown or rejected.
      await time.runAll();
      expect(await bus.deadLetters.list()).toHaveLength(2 * failures.length);
    }),
  );

  // An async callback of a plain subscribe overlaps itself and finishes out of order.
  it(
    'an async handler does not overlap itself, and finishes in order',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, ({ data }) => time.advance(7 - 2 * data), { name: 'slow' });
      const picture = timeline(bus);
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      await bus.drain();
      expect(String(picture)).toMatchInlineSnapshot(`
        "ms    0    5
        tick  (abc)----|
        slow  a~~~~|
              b....1~~|
              c.......1|"
      `);
    }),
  );

  it('a handler that hangs holds one slot, and is seen in the stats; the other handlers go on', () => {
    const bus = createEventBus();
    const held = new HeldHandler();
    const seen = vi.fn();
    bus.on(Tick, held, { name: 'hanging' });
    bus.on(Tick, ({ data }) => seen(data), { name: 'quick' });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    expect(seen.mock.calls).toStrictEqual([[1], [2], [3]]);
    expect(bus.stats().handlers).toMatchObject([
      { name: 'hanging', running: 1, waiting: 2, pending: 3, handled: 0 },
      { name: 'quick', running: 0, waiting: 0, pending: 0, handled: 3 },
    ]);
  });
});

describe('the context of a handler', () => {
  it('is its own for each event, also of a handler that declares none and takes it all the same', () => {
    const bus = createEventBus();
    const contexts: unknown[] = [];
    bus.on(Tick, (...all: unknown[]) => void contexts.push(all[1]));
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(contexts[0]).not.toBe(contexts[1]);
  });

  it('has an emit and a publish that can be taken out of it', async () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.on(Tock, ({ data }) => void seen.push(data));
    bus.on(Tick, async ({ data }, { emit, publish }) => {
      emit(Tock, data + 1);
      await publish(Tock, data + 2);
    });
    await bus.publish(Tick, 1);
    expect(seen).toStrictEqual([2, 3]);
  });
});

describe('a subscription', () => {
  it('has the name of its handler', () => {
    const bus = createEventBus();
    expect(bus.on(Tick, () => undefined, { name: 'mail' }).name).toBe('mail');
  });

  it('stops listening when it is unsubscribed, twice as well as once', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    const subscription = bus.on(Tick, ({ data }) => seen(data));
    bus.emit(Tick, 1);
    expect(subscription.closed).toBe(false);
    subscription.unsubscribe();
    subscription.unsubscribe();
    expect(subscription.closed).toBe(true);
    bus.emit(Tick, 2);
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('makes dead letters of what was pending, and aborts the signal of what ran', async () => {
    const bus = createEventBus();
    const held = new HeldHandler();
    const subscription = bus.on(Tick, held, { name: 'mail' });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    const { signal } = held.call(0).context;
    subscription.unsubscribe();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'ABANDONED' });
    const letters = await bus.deadLetters.list();
    expect(letters.map(({ reason, event }) => [reason, event.data])).toStrictEqual([
      ['abandoned', 1],
      ['abandoned', 2],
      ['abandoned', 3],
    ]);
    expect(subscription.stats()).toMatchObject({ state: 'closed', accepted: 3, dead: 3, pending: 0 });
  });

  it(
    'drains: it finishes what it has taken and takes no more, while the bus goes on',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<EventMessage<'tick', number>>();
      const subscription = bus.on(Tick, held);
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      const drained = subscription.drain();
      expect(bus.emit(Tick, 3)).toBe(true);
      held.call(0).succeed();
      await time.settle();
      held.call(1).succeed();
      expect(await drained).toMatchObject({ completed: true, handled: 2, abandoned: 0 });
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 2]);
      expect(subscription.closed).toBe(true);
      expect(bus.stats().state).toBe('open');
    }),
  );

  it('pauses and resumes: meanwhile events are taken, and wait', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    const subscription = bus.on(Tick, ({ data }) => seen(data));
    subscription.pause();
    expect([bus.emit(Tick, 1), bus.emit(Tick, 2)]).toStrictEqual([true, true]);
    expect(seen).not.toHaveBeenCalled();
    expect(subscription.stats()).toMatchObject({ state: 'paused', waiting: 2 });
    subscription.resume();
    expect(seen.mock.calls).toStrictEqual([[1], [2]]);
  });

  it('ends with its block by using', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    {
      using subscription = bus.on(Tick, ({ data }) => seen(data));
      bus.emit(Tick, 1);
      expect(subscription.closed).toBe(false);
    }
    bus.emit(Tick, 2);
    expect(seen.mock.calls).toStrictEqual([[1]]);
  });

  it(
    'finishes before its block ends by await using',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const ended: number[] = [];
      {
        await using subscription = bus.on(Tick, async ({ data }) => {
          await time.advance(1);
          ended.push(data);
        });
        bus.emit(Tick, 1);
        bus.emit(Tick, 2);
        expect(subscription.stats().pending).toBe(2);
      }
      expect(ended).toStrictEqual([1, 2]);
      expect(bus.stats().handlers).toStrictEqual([]);
    }),
  );

  it('ends when its signal is aborted', () => {
    const bus = createEventBus();
    const controller = new AbortController();
    const seen = vi.fn();
    const subscription = bus.on(Tick, ({ data }) => seen(data), { signal: controller.signal });
    bus.emit(Tick, 1);
    controller.abort();
    bus.emit(Tick, 2);
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(subscription.closed).toBe(true);
  });

  it('is closed from the start if its signal was aborted before', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    const subscription = bus.on(Tick, () => void seen(), { signal: AbortSignal.abort() });
    bus.emit(Tick, 1);
    expect(seen).not.toHaveBeenCalled();
    expect(subscription.closed).toBe(true);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('leaves nothing on the signal once it has ended', () => {
    const bus = createEventBus();
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    bus.on(Tick, () => undefined, { signal }).unsubscribe();
    bus.on(Tick, () => undefined, { signal });
    bus.close();
    expect(add).toHaveBeenCalledTimes(2);
    expect(remove.mock.calls.map(([, listener]) => listener)).toStrictEqual(
      add.mock.calls.map(([, listener]) => listener),
    );
  });
});

describe('a handler that returns an Observable', () => {
  it('is done when it completes; what it emits is ignored', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => of(1, 2, 3), { name: 'three' });
    const report = await bus.publish(Tick, 1);
    expect(report.handlers).toStrictEqual([{ name: 'three', outcome: 'handled', attempts: 1 }]);
  });

  it('is unsubscribed when its handler is', () => {
    const bus = createEventBus();
    const teardown = vi.fn();
    const subscription = bus.on(Tick, () => new Observable(() => teardown));
    bus.emit(Tick, 1);
    expect(teardown).not.toHaveBeenCalled();
    subscription.unsubscribe();
    expect(teardown).toHaveBeenCalledOnce();
  });
});

describe('on a subject that stands alone', () => {
  it('handles as on a bus does', async () => {
    const subject = createEventSubject(Tick);
    subject.on(() => Promise.reject(new Error('broken')), { name: 'broken' });
    const report = await subject.publish(1);
    expect(report.handlers).toMatchObject([{ name: 'broken', outcome: 'dead', attempts: 1 }]);
    expect(await subject.deadLetters.list()).toHaveLength(1);
  });
});
