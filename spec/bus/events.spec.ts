import { createEventBus, type EventMessage } from 'millrace';
import { marbles } from 'millrace/testing';
import { bufferCount, config, filter, isObservable, map, Subject, take, toArray } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OrderPlaced, Tick, Tock, UserRenamed, UserSignedUp } from '../support/events.ts';

afterEach(() => {
  config.onUnhandledError = null;
});

describe('events', () => {
  it('are an Observable of one event, and no Subject', () => {
    const events$ = createEventBus().events(Tick);
    expect(isObservable(events$)).toBe(true);
    expect(events$).not.toBeInstanceOf(Subject);
    expect(events$).not.toHaveProperty('next');
  });

  it('go through any pipeline of RxJS', () => {
    const bus = createEventBus();
    const batches: number[][] = [];
    bus
      .events(Tick)
      .pipe(
        map(({ data }) => data),
        filter((data) => data % 2 === 0),
        bufferCount(2),
      )
      .subscribe((batch) => batches.push(batch));
    for (let data = 1; data <= 8; data++) bus.emit(Tick, data);
    expect(batches).toStrictEqual([
      [2, 4],
      [6, 8],
    ]);
  });

  it('of a list come in the order in which they were emitted', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.events([OrderPlaced, UserSignedUp]).subscribe(({ type }) => seen.push(type));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    bus.emit(UserSignedUp, { userId: 'u2' });
    expect(seen).toStrictEqual(['user.signed_up', 'order.placed', 'user.signed_up']);
  });

  it('of a list that names an event twice come once', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.events([Tick, Tick]).subscribe(() => seen());
    bus.emit(Tick, 1);
    expect(seen).toHaveBeenCalledOnce();
  });

  it('of a pattern include those that the bus meets later', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.emit(UserSignedUp, { userId: 'u0' });
    const subscription = bus.events('user.*').subscribe(({ type }) => seen.push(type));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    subscription.unsubscribe();
    bus.emit(UserSignedUp, { userId: 'u2' });
    expect(seen).toStrictEqual(['user.signed_up', 'user.renamed']);
  });

  it('are hot: who comes late has missed what was', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.emit(Tick, 1);
    bus.events(Tick).subscribe(({ data }) => seen.push(data));
    bus.emit(Tick, 2);
    expect(seen).toStrictEqual([2]);
  });

  it.each([
    ['an event', Tick],
    ['a list', [Tick, Tock]],
    ['a pattern', '*'],
    ['a pattern that nothing has matched yet', 'user.*'],
  ] as const)('complete when the bus closes: %s', (_, source) => {
    const bus = createEventBus();
    const complete = vi.fn();
    bus.emit(Tick, 1);
    bus.events(source).subscribe({ complete });
    expect(complete).not.toHaveBeenCalled();
    bus.close();
    expect(complete).toHaveBeenCalledOnce();
  });

  it.each([
    ['an event', Tick],
    ['a list', [Tick, Tock]],
    ['a pattern', '*'],
  ] as const)('complete at once on a bus that is closed already: %s', (_, source) => {
    const bus = createEventBus();
    bus.close();
    const complete = vi.fn();
    bus.events(source).subscribe({ complete });
    expect(complete).toHaveBeenCalledOnce();
  });

  it('complete when a drain has ended, after the last event', async () => {
    const bus = createEventBus();
    const told: string[] = [];
    bus.events('*').subscribe({ next: ({ type }) => told.push(type), complete: () => told.push('complete') });
    bus.on(Tick, async (_, { emit }) => {
      await Promise.resolve();
      emit(Tock, 1);
    });
    bus.emit(Tick, 1);
    await bus.drain();
    expect(told).toStrictEqual(['tick', 'tock', 'complete']);
  });

  it('leave nothing behind when they are unsubscribed', () => {
    const bus = createEventBus();
    const [tick, tock] = [bus.subject(Tick), bus.subject(Tock)];
    const subscription = bus.events('*').subscribe();
    expect([tick.observed, tock.observed]).toStrictEqual([true, true]);
    subscription.unsubscribe();
    expect([tick.observed, tock.observed, bus.subject(OrderPlaced).observed]).toStrictEqual([false, false, false]);
  });

  it('can be taken from, as any Observable', () => {
    const bus = createEventBus();
    const taken = vi.fn();
    bus
      .events('*')
      .pipe(take(2), toArray())
      .subscribe((all: EventMessage[]) => taken(all.map(({ type }) => type)));
    bus.emit(Tick, 1);
    bus.emit(Tock, 1);
    bus.emit(Tick, 2);
    expect(taken.mock.calls).toStrictEqual([[['tick', 'tock']]]);
    expect(bus.subject(Tick).observed).toBe(false);
  });

  // RxJS's own rule, which plain subscribers keep: isolation is what `on` gives.
  it('whose subscriber throws go on for the others, and the error is thrown outside', async () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.events(Tick).subscribe(() => {
      throw new Error('broken subscriber');
    });
    bus.events(Tick).subscribe(({ data }) => seen(data));
    const thrown = new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    bus.emit(Tick, 1);
    expect(await thrown).toStrictEqual(new Error('broken subscriber'));
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it(
    'keep the time at which they were emitted',
    marbles((m) => {
      const bus = createEventBus({ scheduler: m.scheduler });
      m.hot('  a--b-c|', { a: 1, b: 2, c: 3 }).subscribe((data) => bus.emit(Tick, data));
      const expected = '0--3-5';
      const values = { 0: [1, 0], 3: [2, 3], 5: [3, 5] };
      m.expect(bus.events(Tick).pipe(map(({ data, time }) => [data, time]))).toBeObservable(expected, values);
    }),
  );
});
