import { createEventBus, type EventMessage } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { OrderPlaced, Tick, Tock, UserRenamed, UserSignedUp } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

describe('once with a handler', () => {
  it('handles the next event only', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    const subscription = bus.once(Tick, ({ data }) => seen(data));
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(subscription.closed).toBe(true);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('handles the first of a list or pattern', () => {
    const bus = createEventBus();
    const seen: string[] = [];
    bus.once([OrderPlaced, UserSignedUp], ({ type }) => void seen.push(type));
    bus.once('user.*', ({ type }) => void seen.push(`pattern ${type}`));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(OrderPlaced, { id: 'o1', total: 1 });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    expect(seen).toStrictEqual(['user.signed_up', 'pattern user.signed_up']);
  });

  it('is not called again by what its own call emits', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.once(Tick, ({ data }, { emit }) => {
      seen.push(data);
      emit(Tick, data + 1);
    });
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([1]);
  });

  it(
    'takes one of two events that are emitted while it works',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      const subscription = bus.once(Tick, held);
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      expect(subscription.stats()).toMatchObject({ accepted: 1, running: 1, waiting: 0 });
      expect(subscription.closed).toBe(false);
      held.call(0).succeed();
      await time.settle();
      expect(subscription.closed).toBe(true);
    }),
  );

  it('is retried and dead-lettered as any handler', async () => {
    const bus = createEventBus();
    const attempts: number[] = [];
    bus.once(
      Tick,
      (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error('broken');
      },
      { name: 'one-shot', retry: { maxAttempts: 3, delayMs: 0 } },
    );
    const { handlers } = await bus.publish(Tick, 1);
    expect(attempts).toStrictEqual([1, 2, 3]);
    expect(handlers).toMatchObject([{ name: 'one-shot', outcome: 'dead', attempts: 3, reason: 'exhausted' }]);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it(
    'is in the report of the event that it handles, and in no other',
    virtualTest(async () => {
      const bus = createEventBus();
      bus.once(Tick, () => timer(1), { name: 'one-shot' });
      const [first, second] = await Promise.all([bus.publish(Tick, 1), bus.publish(Tick, 2)]);
      expect(first.handlers).toStrictEqual([{ name: 'one-shot', outcome: 'handled', attempts: 1 }]);
      expect(second.unhandled).toBe(true);
    }),
  );

  it('can be called off before', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.once(Tick, () => void seen()).unsubscribe();
    const controller = new AbortController();
    bus.once(Tick, () => void seen(), { signal: controller.signal });
    controller.abort();
    bus.emit(Tick, 1);
    expect(seen).not.toHaveBeenCalled();
  });

  it('tells emit of a copy that is lost at once', () => {
    const bus = createEventBus();
    bus.once(Tick, () => undefined, {
      key: () => {
        throw new Error('no key');
      },
    });
    expect(bus.emit(Tick, 1)).toBe(false);
  });
});

describe('once as a promise', () => {
  it('resolves with the next message', async () => {
    const bus = createEventBus();
    const next = bus.once(Tick);
    bus.emit(Tock, 0);
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect((await next).data).toBe(1);
  });

  it('resolves with the next of a list or pattern, also of events that the bus meets later', async () => {
    const bus = createEventBus();
    const all: Promise<EventMessage>[] = [bus.once([OrderPlaced, UserSignedUp]), bus.once('user.*'), bus.once('>')];
    bus.emit(UserSignedUp, { userId: 'u1' });
    const types = (await Promise.all(all)).map(({ type }) => type);
    expect(types).toStrictEqual(['user.signed_up', 'user.signed_up', 'user.signed_up']);
  });

  it('leaves nothing behind when it has resolved', async () => {
    const bus = createEventBus();
    const subject = bus.subject(Tick);
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    const next = bus.once(Tick, { signal });
    expect(subject.observed).toBe(true);
    bus.emit(Tick, 1);
    await next;
    expect(subject.observed).toBe(false);
    expect(remove.mock.calls.map(([, listener]) => listener)).toStrictEqual(
      add.mock.calls.map(([, listener]) => listener),
    );
  });

  it('rejects with the reason of an aborted signal, and stops listening', async () => {
    const bus = createEventBus();
    const controller = new AbortController();
    const next = bus.once(Tick, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(bus.subject(Tick).observed).toBe(false);
  });

  it('rejects at once if the signal was aborted before', async () => {
    const bus = createEventBus();
    await expect(bus.once(Tick, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(bus.subject(Tick).observed).toBe(false);
  });

  it.each([
    ['an event', Tick],
    ['a list', [Tick, Tock]],
    ['a pattern', 'tick.*'],
  ] as const)('rejects when the bus closes first: %s', async (_, source) => {
    const bus = createEventBus();
    const next = bus.once(source);
    bus.close();
    await expect(next).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' });
  });

  it('rejects when the bus drains first', async () => {
    const bus = createEventBus();
    const next = bus.once(Tick);
    const rejected = expect(next).rejects.toMatchObject({ code: 'CLOSED' });
    await bus.drain();
    await rejected;
  });
});
