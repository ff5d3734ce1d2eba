import * as fc from 'fast-check';
import {
  createEventBus,
  createInspector,
  type EventBus,
  type EventSubscription,
  type HandlerCounts,
  type InspectorSnapshot,
} from 'millrace';
import { mergeMap, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { Tick } from '../../support/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** What happens to buses that share an inspector. */
const step = fc.record({
  kind: fc.constantFrom(
    'emit',
    'emit',
    'emit',
    'advance',
    'advance',
    'on',
    'on',
    'off',
    'close',
    'drain',
    'redrive',
    'open',
  ),
  at: fc.nat(9),
  count: fc.nat(30),
});

interface Step {
  readonly kind: string;
  readonly at: number;
  readonly count: number;
}

/** Buses under random steps, and their inspector. */
class World {
  readonly clock = new VirtualClock();
  readonly inspector = createInspector({ scheduler: this.clock });
  readonly #buses: EventBus[] = [];
  readonly #subscriptions: EventSubscription[] = [];
  #before: InspectorSnapshot | undefined;

  async take({ kind, at, count }: Step): Promise<void> {
    const bus = this.#buses.at(at % this.#buses.length);
    if (kind === 'open') this.#buses.push(createEventBus({ probe: this.inspector, scheduler: this.clock }));
    if (kind === 'advance') await this.clock.advance(at * count);
    if (kind === 'off') this.#subscriptions[at]?.unsubscribe();
    if (bus?.stats().state === 'open') this.#use(bus, { kind, at, count });
  }

  check(): void {
    const snapshot = this.inspector.snapshot();
    const buses = this.#buses.filter((bus) => bus.stats().state !== 'closed');
    expect(snapshot.buses).toMatchObject(
      buses.map((bus) => bus.stats()).map(({ state, emitted, deadLetters }) => ({ state, emitted, deadLetters })),
    );
    for (const [index, bus] of buses.entries()) {
      const own = bus
        .stats()
        .handlers.map(({ name, accepted, redriven, handled, dead, dropped, retried, running, waiting }) => ({
          name,
          accepted,
          redriven,
          handled,
          dead,
          dropped,
          retried,
          inFlight: running,
          waiting,
        }));
      expect(snapshot.buses[index]!.handlers).toMatchObject(own);
    }
    this.#checkTotals(snapshot);
    expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot);
    const ids = snapshot.buses.flatMap(({ id, handlers }) => [{ id }, handlers].flat()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }

  #use(bus: EventBus, { kind, at, count }: Step): void {
    if (kind === 'on') this.#subscriptions.push(this.#listen(bus, at, count));
    if (kind === 'emit') for (let tick = 0; tick < count; tick++) bus.emit(Tick, tick);
    if (kind === 'redrive') void bus.deadLetters.redrive();
    if (kind === 'close') bus.close();
    if (kind === 'drain') void bus.drain({ deadlineMs: count });
  }

  #checkTotals(snapshot: InspectorSnapshot): void {
    const all = snapshot.buses.flatMap(({ handlers }) => handlers);
    for (const count of Object.keys(snapshot.totals) as (keyof HandlerCounts)[]) {
      const here = all.reduce((sum, handler) => sum + handler[count], 0);
      expect(snapshot.totals[count]).toBeGreaterThanOrEqual(here);
      expect(snapshot.totals[count]).toBeGreaterThanOrEqual(this.#before?.totals[count] ?? 0);
    }
    expect(snapshot.closed).toBeGreaterThanOrEqual(this.#before?.closed ?? 0);
    const { accepted, redriven, handled, dead, dropped } = snapshot.totals;
    const pending = all.reduce((sum, handler) => sum + handler.pending, 0);
    expect(accepted + redriven).toBe(handled + dead + dropped + pending);
    this.#before = snapshot;
  }

  #listen(bus: EventBus, at: number, count: number): EventSubscription {
    const { clock } = this;
    return bus.on(
      Tick,
      ({ data }) => (data % 7 === 0 ? timer(at, clock).pipe(mergeMap(() => throwError(() => 'no'))) : timer(at, clock)),
      {
        concurrency: 1 + at,
        capacity: count,
        overflow: at % 2 === 0 ? 'suspend' : 'drop-oldest',
        retry: { maxAttempts: 2 },
      },
    );
  }
}

it('says what the buses say, whatever happens to them, and its totals never go backwards', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.take({ kind: 'open', at: 0, count: 0 });
      for (const one of steps) {
        await world.take(one);
        world.check();
      }
      await world.clock.advance(100_000);
      world.check();
    }),
    { numRuns: 60 },
  );
});
