import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const QuoteAsked = defineEvent('quote.asked', payload<{ symbol: string }>());
const QuoteGiven = defineEvent('quote.given', payload<{ symbol: string; by: string }>());

it(
  'takes the quote that comes first of two sources, and lets the other one finish',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    for (const [by, delayMs] of [
      ['slow', 12],
      ['quick', 5],
    ] as const) {
      bus.on(
        QuoteAsked,
        delayed(({ data }, { emit }) => emit(QuoteGiven, { ...data, by }), delayMs),
        { name: by },
      );
    }
    const picture = timeline(bus);

    const first = bus.once(QuoteGiven);
    const report = bus.publish(QuoteAsked, { symbol: 'RXJS' });

    expect((await first).data.by).toBe('quick');
    expect(time.now).toBe(5);
    expect((await report).ok).toBe(true);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms           0    5    10
      quote.asked  a------------
      quote.given  -----b------c
      slow         a~~~~~~~~~~~|
      quick        a~~~~|"
    `);
  }),
);
