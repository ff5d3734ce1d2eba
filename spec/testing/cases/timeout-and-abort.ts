import { createEventBus, defineEvent, payload } from 'millrace';
import { timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const ReportRequested = defineEvent('report.requested', payload<{ month: string }>());

/** Answers the second time only; and lets go, as `fetch` does, when its signal is aborted. */
const render = (attempt: number, signal: AbortSignal) =>
  new Promise((resolve, reject) => {
    if (attempt > 1) setTimeout(resolve, 4);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

it(
  'aborts a request that takes too long, and makes it again',
  virtualTest(async () => {
    const bus = createEventBus();
    const aborted: unknown[] = [];
    bus.on(
      ReportRequested,
      async (_report, { attempt, signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        await render(attempt, signal);
      },
      { name: 'renderer', timeoutMs: 10, retry: { maxAttempts: 2, delayMs: 3 } },
    );
    const picture = timeline(bus);

    const report = await bus.publish(ReportRequested, { month: 'May' });

    expect(report.handlers).toMatchObject([{ outcome: 'handled', attempts: 2 }]);
    expect(aborted).toMatchObject([{ code: 'TIMEOUT' }]);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms                0    5    10   15
      report.requested  a-----------------
      renderer          a~~~~~~~~~t--2~~~|"
    `);
  }),
);
