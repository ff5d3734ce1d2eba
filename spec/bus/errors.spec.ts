import { createDeadLetterQueue, createEventBus, type EventBus, type Probe } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

const printed = vi.spyOn(console, 'error');
beforeEach(() => void printed.mockImplementation(() => undefined).mockClear());
afterEach(() => void printed.mockReset());

const broken = new Error('broken');

/** A bus whose one handler always fails, so that each emit makes a letter. */
function failing(options: Parameters<typeof createEventBus>[0] = {}): EventBus {
  const bus = createEventBus(options);
  bus.on(
    Tick,
    () => {
      throw new Error('of the handler');
    },
    { name: 'failing' },
  );
  return bus;
}

describe('bus.errors', () => {
  it(
    'carries a dead-letter subscriber that threw or rejected',
    virtualTest(async ({ time }) => {
      const bus = failing();
      const reported = vi.fn();
      bus.errors.subscribe(reported);
      bus.deadLetters.subscribe(() => {
        throw broken;
      });
      bus.deadLetters.subscribe(() => Promise.reject(broken) as never);
      bus.emit(Tick, 1);
      await time.settle();
      const report = { kind: 'dead-letter-subscriber', error: broken, handler: 'failing' };
      expect(reported.mock.calls).toStrictEqual([[report], [report]]);
    }),
  );

  it(
    'carries a dead-letter store that failed',
    virtualTest(async ({ time }) => {
      let isBroken = true;
      const store = {
        add: () => {
          if (isBroken) throw broken;
        },
        remove: () => undefined,
        list: () => [],
      };
      const bus = failing({ deadLetters: createDeadLetterQueue({ store }) });
      const reported = vi.fn();
      bus.errors.subscribe(({ kind, error }) => reported(kind, error));
      bus.emit(Tick, 1);
      isBroken = false;
      await time.runAll();
      expect(reported.mock.calls).toStrictEqual([['dead-letter-store', broken]]);
    }),
  );

  it('carries a letter that a full queue let go', () => {
    const bus = failing({ deadLetters: createDeadLetterQueue({ maxSize: 1 }) });
    const reported = vi.fn();
    bus.errors.subscribe(({ kind, error, handler }) => reported(kind, (error as Error).message, handler));
    const ids: string[] = [];
    bus.deadLetters.subscribe(({ id }) => ids.push(id));
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(reported.mock.calls).toStrictEqual([
      [
        'evicted',
        `Expected at most 1 dead letters, got one more: letter ${ids[0]}, the oldest, was let go. Redrive or discard letters, raise maxSize, or give the queue a store.`,
        'failing',
      ],
    ]);
  });

  it('carries a probe that threw', () => {
    const probe: Probe = {
      accepted: () => {
        throw broken;
      },
    };
    const bus = createEventBus({ probe });
    const reported = vi.fn();
    bus.errors.subscribe(reported);
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 1);
    expect(reported.mock.calls).toStrictEqual([[{ kind: 'probe', error: broken }]]);
  });

  it(
    'carries a result that came after its timeout',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      const reported = vi.fn();
      bus.errors.subscribe(({ kind, handler }) => reported(kind, handler));
      bus.on(Tick, held, { name: 'slow', timeoutMs: 10 });
      bus.emit(Tick, 1);
      await time.advance(10);
      expect(reported).not.toHaveBeenCalled();
      held.call(0).succeed();
      await time.settle();
      expect(reported.mock.calls).toStrictEqual([['late-result', 'slow']]);
      expect(bus.stats().handlers).toMatchObject([{ late: 1, dead: 1, handled: 0 }]);
    }),
  );

  it('carries an error that was sent into a subject of the bus', () => {
    const bus = createEventBus();
    const reported = vi.fn();
    bus.errors.subscribe(reported);
    throwError(() => broken).subscribe(bus.subject(Tick));
    expect(reported.mock.calls).toStrictEqual([[{ kind: 'subject', error: broken }]]);
  });

  it('carries a retry policy that threw', () => {
    const bus = createEventBus();
    const reported = vi.fn();
    bus.errors.subscribe(reported);
    const retryIf = (): never => {
      throw broken;
    };
    bus.on(Tick, () => Promise.reject(new Error('of the handler')), { name: 'mail', retry: { retryIf } });
    bus.on(
      Tock,
      () => {
        throw new Error('of the handler');
      },
      { name: 'other', retry: { retryIf } },
    );
    bus.emit(Tock, 1);
    expect(reported.mock.calls).toStrictEqual([[{ kind: 'policy', error: broken, handler: 'other' }]]);
  });

  it('carries a createId that threw; the event ends all the same', () => {
    const createId = (): never => {
      throw broken;
    };
    const bus = failing({ createId });
    const reported = vi.fn();
    bus.errors.subscribe(({ error }) => reported(error));
    bus.emit(Tick, 1);
    expect(bus.stats().handlers).toMatchObject([{ accepted: 1, dead: 1, pending: 0 }]);
    expect(reported.mock.calls).toStrictEqual([[broken]]);
  });

  it('never carries the failure of a handler: that is what dead letters are for', async () => {
    const bus = failing();
    const reported = vi.fn();
    bus.errors.subscribe(reported);
    bus.on(Tick, () => Promise.reject(broken), { retry: { maxAttempts: 2, delayMs: 0 } });
    bus.on(Tick, () => throwError(() => broken));
    await bus.publish(Tick, 1);
    expect(reported).not.toHaveBeenCalled();
    expect(printed).not.toHaveBeenCalled();
    expect(await bus.deadLetters.list()).toHaveLength(3);
  });

  it('prints each kind once if nobody listens', async () => {
    const bus = failing({ deadLetters: createDeadLetterQueue({ maxSize: 1 }) });
    bus.deadLetters.subscribe(() => {
      throw broken;
    });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    bus.subject(Tick).error(broken);
    bus.subject(Tick).error(broken);
    expect(printed.mock.calls).toStrictEqual([
      ['millrace: dead-letter-subscriber error; subscribe to errors to see all of them.', broken],
      [
        'millrace: evicted error; subscribe to errors to see all of them.',
        expect.objectContaining({ code: 'OVERFLOW' }),
      ],
      ['millrace: subject error; subscribe to errors to see all of them.', broken],
    ]);
  });

  it('prints nothing while somebody listens, and prints again once nobody does', () => {
    const bus = createEventBus();
    const subscription = bus.errors.subscribe(() => undefined);
    bus.subject(Tick).error(broken);
    expect(printed).not.toHaveBeenCalled();
    subscription.unsubscribe();
    bus.subject(Tick).error(broken);
    expect(printed).toHaveBeenCalledOnce();
  });

  it('is hot, and cannot be fed', () => {
    const bus = createEventBus();
    expect(bus.errors).not.toHaveProperty('next');
    expect(createEventBus().asReadonly().errors).toHaveProperty('subscribe');
  });
});
