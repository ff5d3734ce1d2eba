import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const PageViewed = defineEvent('page.viewed', payload<{ path: string }>());

it(
  'holds events back while a server is down, tries with one, and then lets the others through',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const sent: string[] = [];
    const statistics = bus.on(
      PageViewed,
      flaky(({ data }) => sent.push(data.path), 'x@1ms x@1ms x@1ms ok@1ms'),
      {
        name: 'statistics',
        retry: { maxAttempts: 9, delayMs: 2, multiplier: 1 },
        breaker: { failureThreshold: 2, resetAfterMs: 15 },
      },
    );
    const picture = timeline(bus);

    bus.emit(PageViewed, { path: '/' });
    bus.emit(PageViewed, { path: '/cart' });
    await time.advance(10);
    expect(statistics.stats().circuit).toBe('open');
    await time.runAll();

    expect(statistics.stats().circuit).toBe('closed');
    expect(sent).toEqual(['/', '/cart']);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms           0    5    10   15   20   25   30   35
      page.viewed  (ab)----------------------------------
      statistics   ax-2x--------------3x--------------4|
                   b...................................1|"
    `);
  }),
);
