import { createEventBus, defineEvent, type EventMessage, OverflowError, payload } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { settled } from '../support/virtual-clock.ts';

describe('emit', () => {
  it('returns true when every copy is being handled or waits', () => {
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.on(Tick, new HeldHandler());
    expect([bus.emit(Tick, 1), bus.emit(Tick, 2)]).toStrictEqual([true, true]);
  });

  it('returns true when nobody listens: nothing was lost', () => {
    expect(createEventBus().emit(Tick, 1)).toBe(true);
  });

  it('returns true when the handler fails: it was called', () => {
    const bus = createEventBus();
    bus.on(Tick, () => {
      throw new Error('broken');
    });
    expect(bus.emit(Tick, 1)).toBe(true);
  });

  it('returns false when one of several handlers has no room; the others have the event', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.on(Tick, new HeldHandler(), { capacity: 0 });
    bus.on(Tick, ({ data }) => seen(data));
    bus.emit(Tick, 1);
    expect(bus.emit(Tick, 2)).toBe(false);
    expect(seen.mock.calls).toStrictEqual([[1], [2]]);
  });

  it('may leave out the data of an event that has none', () => {
    const Pinged = defineEvent('pinged', payload<void>());
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Pinged, ({ data, subject }) => void seen.push([data, subject]));
    bus.emit(Pinged);
    bus.emit(Pinged, undefined, { subject: 's' });
    expect(seen).toStrictEqual([
      [undefined, undefined],
      [undefined, 's'],
    ]);
  });

  it('sets what its options say on the message', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    const options = { id: 'm1', time: 5, source: 'shop', subject: 's', headers: { tenant: 'acme' } };
    bus.emit(Tick, 1, options);
    expect(seen[0]!.toJSON()).toStrictEqual({ type: 'tick', data: 1, ...options });
  });
});

type Overflow = 'drop-newest' | 'drop-oldest' | 'fail' | 'suspend';

/** A bus whose one handler is full: event 1 is in progress, event 2 waits. */
function fullBus(overflow: Overflow): {
  readonly bus: ReturnType<typeof createEventBus>;
  readonly held: HeldHandler<EventMessage<'tick', number>>;
} {
  const bus = createEventBus();
  const held = new HeldHandler<EventMessage<'tick', number>>();
  bus.on(Tick, held, { name: 'full', concurrency: 1, capacity: 1, overflow });
  bus.emit(Tick, 1);
  bus.emit(Tick, 2);
  return { bus, held };
}

/** Lets all calls succeed, and returns the data of the events that were handled. */
async function finish(
  bus: ReturnType<typeof createEventBus>,
  held: HeldHandler<EventMessage<'tick', number>>,
): Promise<number[]> {
  const drained = bus.drain();
  for (let index = 0; bus.stats().state !== 'closed'; index++) {
    held.call(index).succeed();
    await settled();
  }
  await drained;
  return held.calls.map(({ event }) => event.data);
}

describe('emit on a full handler', () => {
  it('suspend: cannot wait, so that the copy is accepted and dead at once', async () => {
    const { bus, held } = fullBus('suspend');
    expect(bus.emit(Tick, 3)).toBe(false);
    expect(bus.stats().handlers).toMatchObject([{ accepted: 3, dead: 1, dropped: 0, rejected: 0, pending: 2 }]);
    const [letter] = await bus.deadLetters.list();
    expect(letter).toMatchObject({ handler: 'full', reason: 'overflow', event: { data: 3 }, attempts: [] });
    expect(letter!.error).toBeInstanceOf(OverflowError);
    expect(await finish(bus, held)).toStrictEqual([1, 2]);
  });

  it('drop-newest: the copy is accepted and dropped', async () => {
    const { bus, held } = fullBus('drop-newest');
    expect(bus.emit(Tick, 3)).toBe(false);
    expect(bus.stats().handlers).toMatchObject([
      { accepted: 3, dropped: 1, droppedBy: { 'drop-newest': 1 }, dead: 0, pending: 2 },
    ]);
    expect(await finish(bus, held)).toStrictEqual([1, 2]);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it('drop-oldest: the copy is taken, and the one that has waited longest is dropped', async () => {
    const { bus, held } = fullBus('drop-oldest');
    expect(bus.emit(Tick, 3)).toBe(true);
    expect(bus.stats().handlers).toMatchObject([
      { accepted: 3, dropped: 1, droppedBy: { 'drop-oldest': 1 }, dead: 0, pending: 2 },
    ]);
    expect(await finish(bus, held)).toStrictEqual([1, 3]);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it('fail: the copy is not taken, the others have it, and then emit throws', async () => {
    const { bus, held } = fullBus('fail');
    const others = vi.fn();
    bus.on(Tick, ({ data }) => others(data));
    bus.events(Tick).subscribe(({ data }) => others(`plain ${data}`));
    expect(() => bus.emit(Tick, 3)).toThrow(
      expect.objectContaining({
        name: 'OverflowError',
        code: 'OVERFLOW',
        message:
          "Expected room in handler 'full', got a full one. Raise capacity or concurrency, await publish(), or choose another overflow.",
      }),
    );
    expect(others.mock.calls).toStrictEqual([[3], ['plain 3']]);
    expect(bus.stats().handlers[0]).toMatchObject({ accepted: 2, rejected: 1, dropped: 0, dead: 0, pending: 2 });
    expect(await finish(bus, held)).toStrictEqual([1, 2]);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it('exhaust: an event that finds the handler busy is accepted and dropped', () => {
    const bus = createEventBus();
    const held = new HeldHandler<EventMessage<'tick', number>>();
    bus.on(Tick, held, { strategy: 'exhaust' });
    expect([bus.emit(Tick, 1), bus.emit(Tick, 2)]).toStrictEqual([true, false]);
    expect(held.calls).toHaveLength(1);
    expect(bus.stats().handlers).toMatchObject([{ accepted: 2, dropped: 1, droppedBy: { busy: 1 }, pending: 1 }]);
  });

  it('has no limit where that is written out', () => {
    const bus = createEventBus();
    bus.on(Tick, new HeldHandler(), { capacity: Infinity });
    for (let count = 0; count < 5_000; count++) bus.emit(Tick, count);
    expect(bus.stats().handlers).toMatchObject([{ pending: 5_000, dead: 0 }]);
  });

  it('by default, has room for 1,024 that wait, and the next is a dead letter', async () => {
    const bus = createEventBus();
    bus.on(Tick, new HeldHandler());
    const answers = Array.from({ length: 1_026 }, (_, index) => bus.emit(Tick, index));
    expect(answers.indexOf(false)).toBe(1_025);
    expect((await bus.deadLetters.list()).map(({ event }) => event.data)).toStrictEqual([1_025]);
  });

  it('reports what a re-entrant emit could not hand over: whoever emitted it has long gone on', () => {
    const bus = createEventBus();
    const reported = vi.fn();
    bus.errors.subscribe(({ kind, error }) => reported(kind, error));
    const answers: boolean[] = [];
    bus.on(Tock, new HeldHandler(), { name: 'full', capacity: 0, overflow: 'fail' });
    bus.emit(Tock, 1);
    bus.on(Tick, (_, { emit }) => void answers.push(emit(Tock, 2)));
    expect(bus.emit(Tick, 1)).toBe(true);
    expect(answers).toStrictEqual([true]);
    expect(reported.mock.calls).toStrictEqual([['overflow', expect.any(OverflowError)]]);
  });
});
