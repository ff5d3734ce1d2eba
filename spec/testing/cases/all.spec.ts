import { afterAll, afterEach, beforeEach } from 'vitest';
import './abort-signal-timeout.ts';
import './audit-by-wildcard.ts';
import './backoff-with-jitter.ts';
import './batch-flush-by-time.ts';
import './breaker-opens-and-closes.ts';
import './channel-backpressure.ts';
import './circuit-and-dead-letters.ts';
import './debounce-into-retry.ts';
import './drain-deadline.ts';
import './drop-oldest.ts';
import './duplicate-webhooks.ts';
import './keyed-order-across-retries.ts';
import './latest-wins.ts';
import './once-with-a-deadline.ts';
import './order-saga.ts';
import './poll-until-ready.ts';
import './racing-handlers.ts';
import './rate-limit.ts';
import './redrive.ts';
import './self-deadlock.ts';
import './split-results.ts';
import './strict-mode-unmount.ts';
import './timeout-and-abort.ts';
import './token-expiry.ts';
import './worker-pool.ts';

/** Of the real clock, whatever a test does to it. */
const realNow = performance.now.bind(performance);
const durations: { readonly name: string; readonly ms: number }[] = [];
let startedAt = 0;

beforeEach(() => {
  startedAt = realNow();
});

afterEach(({ task }) => {
  durations.push({ name: task.name, ms: realNow() - startedAt });
});

afterAll(() => {
  const [slowest] = durations.toSorted((one, other) => other.ms - one.ms);
  console.log(
    `The slowest of ${durations.length} real-life cases took ${slowest?.ms.toFixed(1)} ms: it ${slowest?.name}`,
  );
});
