import * as fc from 'fast-check';
import { createEventBus, createEventSubject, EventSubject } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { from, map, NEVER, of, ReplaySubject, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

describe('a subject of a bus', () => {
  it('is always the same one, and an EventSubject', () => {
    const bus = createEventBus();
    const subject = bus.subject(Tick);
    expect(subject).toBeInstanceOf(EventSubject);
    expect(subject.definition).toBe(Tick);
    expect(bus.subject(Tick)).toBe(subject);
    expect(bus.subject(Tock)).not.toBe(subject);
  });

  it('and its bus are two doors of one room', async () => {
    const bus = createEventBus();
    const subject = bus.subject(Tick);
    const seen: string[] = [];
    bus.on(Tick, ({ data }) => void seen.push(`bus handler ${data}`), { name: 'bus handler' });
    subject.on(({ data }) => void seen.push(`subject handler ${data}`), { name: 'subject handler' });
    subject.subscribe(({ data }) => seen.push(`plain ${data}`));
    bus.emit(Tick, 1);
    subject.emit(2);
    const all = (data: number): string[] => [`bus handler ${data}`, `subject handler ${data}`, `plain ${data}`];
    expect(seen).toStrictEqual([...all(1), ...all(2)]);
    expect((await subject.publish(3)).handlers.map(({ name }) => name)).toStrictEqual([
      'bus handler',
      'subject handler',
    ]);
    expect(subject.deadLetters).toBe(bus.deadLetters);
    expect(bus.stats().emitted).toBe(3);
  });

  it('delivers a message made by hand as it is', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    const message = Tick.create(1, { id: 'm1' });
    bus.subject(Tick).next(message);
    expect(seen[0]).toBe(message);
  });

  it('can be the observer of any source', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.on(Tick, ({ data }) => void seen.push(data));
    from([1, 2])
      .pipe(map((data) => Tick.create(data)))
      .subscribe(bus.subject(Tick));
    expect(seen).toStrictEqual([1, 2]);
  });

  // First of the two named differences; order.spec.ts has the re-entrant next.
  it('is not ended by a source that completes: it must not silence the bus', () => {
    const bus = createEventBus();
    const subject = bus.subject(Tick);
    const [handled, plain, complete] = [vi.fn(), vi.fn(), vi.fn()];
    subject.on(({ data }) => handled(data));
    subject.subscribe({ next: ({ data }) => plain(data), complete });
    of(Tick.create(1)).subscribe(subject);
    of(Tick.create(2)).subscribe(subject);
    bus.emit(Tick, 3);
    expect(handled.mock.calls).toStrictEqual([[1], [2], [3]]);
    expect(plain.mock.calls).toStrictEqual([[1], [2], [3]]);
    expect(complete).not.toHaveBeenCalled();
  });

  it('is not ended by a source that fails: the error goes to bus.errors', () => {
    const bus = createEventBus();
    const reported = vi.fn();
    bus.errors.subscribe((report) => reported(report));
    const subject = bus.subject(Tick);
    const [plain, errored] = [vi.fn(), vi.fn()];
    subject.subscribe({ next: ({ data }) => plain(data), error: errored });
    const error = new Error('broken source');
    throwError(() => error).subscribe(subject);
    subject.emit(1);
    expect(reported.mock.calls).toStrictEqual([[{ kind: 'subject', error }]]);
    expect(plain.mock.calls).toStrictEqual([[1]]);
    expect(errored).not.toHaveBeenCalled();
  });

  it('is completed by its bus', () => {
    const bus = createEventBus();
    const complete = vi.fn();
    bus.subject(Tick).subscribe({ complete });
    bus.close();
    expect(complete).toHaveBeenCalledOnce();
  });
});

describe('a subject that stands alone', () => {
  it('handles, emits and publishes without a bus', async () => {
    const subject = createEventSubject(Tick, { source: 'shop' });
    const seen: unknown[] = [];
    subject.on(({ data, source }) => void seen.push([data, source]));
    expect(subject.emit(1)).toBe(true);
    expect(await subject.publish(2, { source: 'import' })).toMatchObject({ ok: true });
    expect(seen).toStrictEqual([
      [1, 'shop'],
      [2, 'import'],
    ]);
  });

  it('has dead letters and errors of its own', async () => {
    const subject = createEventSubject(Tick);
    const reported = vi.fn();
    subject.errors.subscribe(({ kind }) => reported(kind));
    subject.deadLetters.subscribe(() => {
      throw new Error('broken');
    });
    subject.on(() => Promise.reject(new Error('broken')), { name: 'mail' });
    await subject.publish(1);
    expect(await subject.deadLetters.list()).toMatchObject([{ handler: 'mail' }]);
    expect(reported.mock.calls).toStrictEqual([['dead-letter-subscriber']]);
  });

  it.each([
    ['complete', (subject: Subject<never>) => subject.complete()],
    ['error', (subject: Subject<never>) => subject.error(new Error('broken source'))],
  ])(
    'after %s, refuses to emit, and finishes what its handlers have taken',
    virtualTest(async ({ time }, _, end) => {
      const subject = createEventSubject(Tick);
      const held = new HeldHandler();
      const subscription = subject.on(held);
      subject.subscribe({ error: () => undefined });
      subject.emit(1);
      subject.emit(2);
      end(subject as never);
      expect(() => subject.emit(3)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
      expect(held.call(0).context.signal.aborted).toBe(false);
      held.call(0).succeed();
      await time.settle();
      held.call(1).succeed();
      await subject.drain();
      expect(subscription.stats()).toMatchObject({ state: 'closed', accepted: 2, handled: 2 });
    }),
  );

  it('drains: it takes nothing more, and its plain subscribers complete at the end', async () => {
    const subject = createEventSubject(Tick);
    const held = new HeldHandler();
    const complete = vi.fn();
    subject.on(held);
    subject.subscribe({ complete });
    subject.emit(1);
    const drained = subject.drain();
    expect(() => subject.emit(2)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    held.call(0).succeed();
    expect(await drained).toMatchObject({ completed: true, handled: 1 });
    expect(complete).toHaveBeenCalledOnce();
  });

  it('has the codes and options of a bus', () => {
    const subject = createEventSubject(Tick, { maxEventsPerTurn: 3, createId: () => 'id' });
    const seen: unknown[] = [];
    subject.subscribe(({ id, data }) => seen.push([id, data]));
    subject.on(({ data }, { emit }) => void emit(Tick, data + 1));
    subject.emit(1);
    expect(seen).toStrictEqual([
      ['id', 1],
      ['id', 2],
      ['id', 3],
    ]);
  });
});

describe('replay', () => {
  it('gives the latest events to a plain subscriber who comes late, and then the next ones', () => {
    const subject = createEventSubject(Tick, { replay: 2 });
    for (const data of [1, 2, 3]) subject.emit(data);
    const seen: number[] = [];
    subject.subscribe(({ data }) => seen.push(data));
    subject.emit(4);
    expect(seen).toStrictEqual([2, 3, 4]);
  });

  it(
    'gives them to a handler who comes late, also by a pattern',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.subject(Tick, { replay: 2 });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      const seen: unknown[] = [];
      bus.on(Tick, ({ data }) => void seen.push(`event ${data}`));
      bus.on('*', ({ data }) => void seen.push(`pattern ${data as number}`));
      bus.events('*').subscribe(({ data }) => seen.push(`plain ${data as number}`));
      await time.settle();
      expect(seen).toStrictEqual(['event 2', 'event 3', 'pattern 2', 'pattern 3', 'plain 2', 'plain 3']);
    }),
  );

  it('gives one event to once, the oldest that is kept', async () => {
    const bus = createEventBus();
    bus.subject(Tick, { replay: 3 });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    const seen: number[] = [];
    bus.once(Tick, ({ data }) => void seen.push(data));
    expect((await bus.once(Tick)).data).toBe(1);
    bus.emit(Tick, 4);
    expect(seen).toStrictEqual([1]);
  });

  it('is bounded by the room of the handler, as any event is', async () => {
    const bus = createEventBus();
    bus.subject(Tick, { replay: 5 });
    for (const data of [1, 2, 3, 4, 5]) bus.emit(Tick, data);
    const subscription = bus.on(Tick, () => NEVER, { capacity: 1, overflow: 'drop-newest' });
    expect(subscription.stats()).toMatchObject({ accepted: 5, pending: 2, dropped: 3 });
  });

  it('gives each event once to who joins while it is delivered, handler or plain', () => {
    const bus = createEventBus();
    bus.subject(Tick, { replay: 2 });
    const seen: string[] = [];
    bus.emit(Tick, 1);
    bus.once(Tock, () => {
      bus.emit(Tick, 2);
    });
    bus.on(Tick, ({ data }) => {
      if (data !== 2) return;
      bus.on(Tick, (event) => void seen.push(`handler ${event.data}`));
      bus.subject(Tick).subscribe((event) => seen.push(`plain ${event.data}`));
    });
    bus.emit(Tock, 0);
    bus.emit(Tick, 3);
    expect(seen.toSorted((one, other) => one.localeCompare(other))).toStrictEqual([
      'handler 1',
      'handler 2',
      'handler 3',
      'plain 1',
      'plain 2',
      'plain 3',
    ]);
  });

  it('loses nothing that a subscriber emits while it is given the past', () => {
    const subject = createEventSubject(Tick, { replay: 2 });
    subject.emit(1);
    subject.emit(2);
    const seen: number[] = [];
    subject.subscribe(({ data }) => {
      seen.push(data);
      if (data === 1) subject.emit(3);
    });
    expect(seen.toSorted((one, other) => one - other)).toStrictEqual([1, 2, 3]);
  });

  it('lets a subscriber that has enough of the past go', () => {
    const subject = createEventSubject(Tick, { replay: 3 });
    for (const data of [1, 2, 3]) subject.emit(data);
    const seen: number[] = [];
    const complete = vi.fn();
    subject.pipe(take(2)).subscribe({ next: ({ data }) => seen.push(data), complete });
    expect(seen).toStrictEqual([1, 2]);
    expect(complete).toHaveBeenCalledOnce();
    expect(subject.observed).toBe(false);
  });

  it('still gives the past after the end', () => {
    const subject = createEventSubject(Tick, { replay: 2 });
    for (const data of [1, 2, 3]) subject.emit(data);
    subject.complete();
    const told: unknown[] = [];
    subject.subscribe({ next: ({ data }) => told.push(data), complete: () => told.push('complete') });
    expect(told).toStrictEqual([2, 3, 'complete']);
  });

  it('of none is the default, and 0 may be written out', () => {
    const subject = createEventSubject(Tick, { replay: 0 });
    subject.emit(1);
    const seen = vi.fn();
    subject.subscribe(seen);
    expect(seen).not.toHaveBeenCalled();
  });

  it('always gives what a ReplaySubject gives, to whoever comes when', () => {
    const steps = fc.array(fc.constantFrom('emit', 'subscribe', 'unsubscribe'), { maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(4), steps, (replay, todo) => {
        const ours = createEventSubject(Tick, { replay });
        // A ReplaySubject keeps one at least.
        const theirs = replay === 0 ? new Subject<number>() : new ReplaySubject<number>(replay);
        const seen: { readonly ours: number[]; readonly theirs: number[]; end(): void }[] = [];
        let data = 0;
        for (const step of todo) {
          if (step === 'emit') {
            ours.emit(++data);
            theirs.next(data);
          } else if (step === 'subscribe') {
            const [mine, other]: [number[], number[]] = [[], []];
            const subscriptions = [
              ours.subscribe((event) => mine.push(event.data)),
              theirs.subscribe((value) => other.push(value)),
            ];
            seen.push({ ours: mine, theirs: other, end: () => subscriptions.forEach((one) => one.unsubscribe()) });
          } else {
            seen.at(data % Math.max(1, seen.length))?.end();
          }
        }
        for (const { ours: mine, theirs: other } of seen) expect(mine).toStrictEqual(other);
      }),
    );
  });
});
