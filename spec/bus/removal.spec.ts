import { createEventBus } from 'millrace';
import { Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';

/** How many elements array methods that search, copy or move have gone over during `work`. */
function elementsTouched(work: () => void): number {
  const methods = ['filter', 'find', 'findIndex', 'includes', 'indexOf', 'map', 'shift', 'slice', 'splice', 'some'];
  const prototype = Array.prototype as unknown as Record<string, (...all: unknown[]) => unknown>;
  const originals = methods.map((name) => [name, prototype[name]!] as const);
  let touched = 0;
  for (const [name, original] of originals) {
    prototype[name] = function count(this: unknown[], ...all: unknown[]) {
      touched += this.length;
      return original.apply(this, all);
    };
  }
  try {
    work();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return touched;
}

describe('the removal of handlers', () => {
  it.each([
    ['the first first', 50_000, (index: number) => index],
    ['the last first', 5_000, (index: number) => 4_999 - index],
    ['every seventh', 5_000, (index: number) => (index * 7) % 5_000],
  ])('costs a constant number of steps each: %s, %i of them', (_, count, order) => {
    const bus = createEventBus();
    const subscriptions = Array.from({ length: count }, () => bus.on(Tick, () => undefined));
    const touched = elementsTouched(() => {
      for (let index = 0; index < count; index++) subscriptions[order(index)]!.unsubscribe();
    });
    expect(touched).toBeLessThan(10 * count);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  // 5 s for 50,000 in RxJS 7.8.2: the meter must see it, or the test above proves nothing.
  it('in a plain Subject costs a number of steps that grows with the square', () => {
    const count = 1_000;
    const subject = new Subject<void>();
    const subscriptions = Array.from({ length: count }, () => subject.subscribe());
    const touched = elementsTouched(() => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    });
    expect(touched).toBeGreaterThan((count * count) / 2);
  });

  it('leaves those that stay, in their order', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    const subscriptions = Array.from({ length: 100 }, (_, index) => bus.on(Tick, () => void seen.push(index)));
    for (const [index, subscription] of subscriptions.entries()) if (index % 10 !== 0) subscription.unsubscribe();
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  it('during an emit harms neither this one nor the next', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    const subscriptions = Array.from({ length: 100 }, (_, index) =>
      bus.on(Tick, () => {
        seen.push(index);
        if (index === 10) for (const subscription of subscriptions.slice(5, 95)) subscription.unsubscribe();
      }),
    );
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 95, 96, 97, 98, 99]);
    seen.length = 0;
    bus.emit(Tick, 2);
    expect(seen).toStrictEqual([0, 1, 2, 3, 4, 95, 96, 97, 98, 99]);
  });

  it('of handlers that come and go keeps the bus as small as those that stay', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.on(Tick, () => void seen());
    const touched = elementsTouched(() => {
      for (let round = 0; round < 2_000; round++) bus.on(Tick, () => undefined).unsubscribe();
    });
    expect(touched).toBeLessThan(50 * 2_000);
    bus.emit(Tick, 1);
    expect(seen).toHaveBeenCalledOnce();
    expect(bus.stats().handlers).toHaveLength(1);
  });
});
