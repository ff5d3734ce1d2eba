import * as fc from 'fast-check';
import {
  createDeadLetterQueue,
  createEventBus,
  type DeliveryReport,
  type EventSubscription,
  type OnOptions,
} from 'millrace';
import { config } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

interface Options {
  readonly options: OnOptions<{ readonly data: number }>;
  readonly batch: { readonly maxSize: number; readonly maxWaitMs: number } | undefined;
}

const handlers = fc.array(
  fc.record({
    batch: fc.option(fc.record({ maxSize: fc.integer({ min: 1, max: 3 }), maxWaitMs: fc.nat(25) }), { nil: undefined }),
    concurrency: fc.integer({ min: 1, max: 3 }),
    capacity: fc.nat(2),
    overflow: fc.constantFrom('suspend', 'drop-oldest', 'drop-newest', 'fail'),
    strategy: fc.constantFrom('queue', 'queue', 'switch', 'exhaust'),
    isKeyed: fc.boolean(),
    isTimed: fc.boolean(),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('emit', 'publish'), at: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('succeed', 'fail'), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('redrive'), at: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('pause', 'resume', 'resume', 'discard', 'advance', 'advance', 'unsubscribe', 'echo'),
      at: fc.nat(2),
    }),
  },
);

/** A bus under random steps, with all that its probe was told. */
class World {
  readonly clock = new VirtualClock();
  readonly deadLetters = createDeadLetterQueue({ scheduler: this.clock });
  readonly ends = new Map<object, number>();
  readonly reports: Promise<DeliveryReport>[] = [];
  readonly held: HeldHandler<unknown>[] = [];
  readonly bus = createEventBus({
    scheduler: this.clock,
    deadLetters: this.deadLetters,
    probe: {
      accepted: (handling) => void this.ends.set(handling, 0),
      settled: (handling) => this.#end(handling),
      dropped: (handling) => this.#end(handling),
      started: () => this.check(),
    },
  });
  readonly subscriptions: EventSubscription[];
  readonly #all: readonly Options[];

  constructor(all: readonly Options[]) {
    this.#all = all;
    this.subscriptions = all.map(({ batch, options }, index) => {
      const held = new HeldHandler<unknown>();
      const named = { name: `handler ${index}`, ...options };
      this.held.push(held);
      return batch === undefined
        ? this.bus.on([Tick, Tock], held, named)
        : this.bus.on([Tick, Tock], held, { ...named, batch });
    });
    this.bus.errors.subscribe(({ kind, error }) => {
      if (kind !== 'overflow' && kind !== 'late-result') throw error;
    });
  }

  #end(handling: object): void {
    this.ends.set(handling, this.ends.get(handling)! + 1);
    this.check();
  }

  /** The promises, at this very moment. */
  check(): void {
    for (const [index, subscription] of this.subscriptions.entries()) {
      const { name, accepted, redriven, handled, dead, dropped, pending, ...stats } = subscription.stats();
      const { running, waiting, betweenAttempts, concurrency, capacity } = stats;
      const slots = concurrency * (this.#all[index]!.batch?.maxSize ?? 1);
      const sum = handled + dead + dropped + pending;
      if (accepted + redriven !== sum) throw new Error(`${name}: ${accepted} + ${redriven} ≠ ${sum}`);
      if (pending !== running + waiting + betweenAttempts) throw new Error(`${name}: pending ${pending}`);
      if (running > slots) throw new Error(`${name}: ${running} running`);
      if (pending > slots + capacity) throw new Error(`${name}: ${pending} pending`);
      if (Math.min(pending, running, waiting, betweenAttempts) < 0) throw new Error(`${name}: negative`);
    }
  }

  async do({ kind, at }: { readonly kind: string; readonly at: number }): Promise<void> {
    const open = this.held.flatMap((held) => [...held.open]);
    const call = open[at % Math.max(1, open.length)];
    const subscription = this.subscriptions[at % this.subscriptions.length]!;
    if (kind === 'emit') this.#emit(at);
    else if (kind === 'publish') this.reports.push(this.bus.publish(at % 2 ? Tick : Tock, at));
    else if (kind === 'succeed') call?.succeed();
    else if (kind === 'fail') call?.fail(new Error('broken'));
    else if (kind === 'pause') subscription.pause();
    else if (kind === 'resume') subscription.resume();
    else if (kind === 'redrive') void this.deadLetters.redrive();
    else if (kind === 'discard') await this.deadLetters.discard({ limit: 1 });
    else if (kind === 'unsubscribe' && at === 2) subscription.unsubscribe();
    else if (kind === 'echo') this.bus.once(Tick, ({ data }, { emit }) => void emit(Tock, data));
    await this.clock.advance(kind === 'advance' ? 20 : 0);
    this.check();
  }

  #emit(at: number): void {
    try {
      this.bus.emit(at % 2 ? Tick : Tock, at);
    } catch (error) {
      if ((error as { code?: string }).code !== 'OVERFLOW') throw error;
    }
  }
}

describe('whatever happens to a bus', () => {
  it('every accepted event ends exactly once, every bound holds, and every report comes', async () => {
    await fc.assert(
      fc.asyncProperty(handlers, fc.array(step, { minLength: 20, maxLength: 60 }), async (all, steps) => {
        const world = new World(
          all.map(({ isKeyed, isTimed, maxAttempts, batch, ...options }) => ({
            batch: options.strategy === 'queue' ? batch : undefined,
            options: {
              ...options,
              retry: { maxAttempts, delayMs: 10 },
              ...(isKeyed && { key: ({ data }) => data % 2 }),
              ...(isTimed && { timeoutMs: 15 }),
            },
          })),
        );
        for (const next of steps) await world.do(next);
        const drained = world.bus.drain({ deadlineMs: 30 });
        await world.clock.advance(30);
        await drained;
        world.check();
        for (const [handling, count] of world.ends) expect({ handling, count }).toMatchObject({ count: 1 });
        for (const { handlers: reported, ok } of await Promise.all(world.reports)) {
          expect(ok).toBe(reported.every(({ outcome }) => outcome === 'handled'));
        }
        for (const subscription of world.subscriptions) {
          expect(subscription.stats()).toMatchObject({ state: 'closed', pending: 0, suspended: 0 });
        }
        const { frame } = world.clock;
        world.clock.maxFrames = Infinity;
        world.clock.flush();
        expect(world.clock.frame).toBe(frame);
      }),
      { numRuns: 100 },
    );
  });

  it('the global config of RxJS stays as it was', async () => {
    const before = { ...config };
    const bus = createEventBus();
    bus.on(Tick, () => Promise.reject(new Error('broken')), { retry: { maxAttempts: 2, delayMs: 0 } });
    bus.events(Tick).subscribe();
    await bus.publish(Tick, 1);
    await bus.deadLetters.redrive();
    await bus.drain();
    await settled();
    expect({ ...config }).toStrictEqual(before);
  });
});
