import { createEventBus, defineEvent, type EventBus, payload } from 'millrace';
import { delayed, record, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const PriceChanged = defineEvent('price.changed', payload<{ to: number }>());

/** What a component does when it is mounted, as in `useEffect(() => watchPrice(bus, setPrice), [bus])`. @returns its clean-up */
function watchPrice(bus: EventBus, setPrice: (price: string) => void): () => void {
  const format = delayed<{ data: { to: number } }>(({ data }) => setPrice(`${data.to} €`), 10);
  const subscription = bus.on(PriceChanged, format, { name: 'price-tag', strategy: 'switch' });
  return () => subscription.unsubscribe();
}

it(
  'shows each price once although StrictMode runs an effect twice, and none after the unmount',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const shown: string[] = [];
    const setPrice = (price: string): void => void shown.push(price);

    // StrictMode mounts, unmounts and mounts again.
    watchPrice(bus, setPrice)();
    const unmount = watchPrice(bus, setPrice);
    bus.emit(PriceChanged, { to: 5 });
    await time.advance(10);
    expect(shown).toEqual(['5 €']);

    const recorded = record(bus);
    bus.emit(PriceChanged, { to: 6 });
    await time.advance(3);
    unmount();
    bus.emit(PriceChanged, { to: 7 });
    await time.runAll();

    expect(shown).toEqual(['5 €']);
    expect(recorded.deadLettered().map(({ reason }) => reason)).toEqual(['abandoned']);
    expect(bus.stats().handlers).toEqual([]);
  }),
);
