import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, record, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const FilterChanged = defineEvent('filter.changed', payload<{ list: string; filter: string }>());

it(
  'loads a list for its latest filter only, each list for itself',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const loaded: string[] = [];
    bus.on(
      FilterChanged,
      delayed(({ data }) => loaded.push(`${data.list}: ${data.filter}`), 10),
      {
        name: 'loader',
        strategy: 'switch',
        key: ({ data }) => data.list,
        concurrency: 2,
      },
    );
    const recorded = record(bus);
    const picture = timeline(bus, { legend: true });

    bus.emit(FilterChanged, { list: 'users', filter: 'new' });
    bus.emit(FilterChanged, { list: 'orders', filter: 'open' });
    await time.advance(4);
    bus.emit(FilterChanged, { list: 'users', filter: 'old' });
    await bus.drain();

    expect(loaded).toEqual(['orders: open', 'users: old']);
    expect(recorded.dropped(FilterChanged)).toMatchObject([
      { reason: 'superseded', event: { data: { filter: 'new' } } },
    ]);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms              0    5    10
      filter.changed  (ab)c---------|
      loader          a~~~!
                      b~~~~~~~~~|
                          c~~~~~~~~~|

      a = { list: 'users', filter: 'new' }
      b = { list: 'orders', filter: 'open' }
      c = { list: 'users', filter: 'old' }"
    `);
  }),
);
