import type { OpenServer } from '../contestants/open-loop/server.ts';
import { HandWrittenLoop } from '../hand-written-loop.ts';
import { arrivals } from '../harness/arrivals.ts';
import { expectEqual } from '../harness/expect-equal.ts';
import { timeAtMost } from '../harness/floor.ts';
import type { Entrant, Measures, Row, Task } from '../harness/row.ts';
import { quantile } from '../harness/statistics.ts';

const CONCURRENCY = 16;
const CAPACITY = 1024;
const EVENTS = 6_000;
const LOAD = 0.8;
const METRICS = ['p50', 'p99', 'p99.9'] as const;

const servers: Readonly<Record<string, () => Promise<{ readonly openServer: OpenServer }>>> = {
  millrace: () => import('../contestants/open-loop/millrace.ts'),
  'p-queue': () => import('../contestants/open-loop/p-queue.ts'),
  '@nestjs/cqrs': () => import('../contestants/open-loop/nestjs-cqrs.ts'),
};

/** Events come when they come, not when the one before has ended: what is measured is how long they wait for their handler. */
export const openLoopRow: Row = {
  name: 'open-loop',
  title: 'open loop at 80 % of the peak rate, handlers of 1 ms, retry and key on: waiting time',
  metrics: METRICS.map((name) => ({ name, unit: `ms ${name}` })),
  reference: 'p-queue',
  contestants: Object.entries(servers).map(([name, load]) => ({
    name,
    events: EVENTS,
    note: name === '@nestjs/cqrs' ? 'unbounded: starts every handler at once' : undefined,
    load: async () => entrantOf((await load()).openServer),
  })),
  // No worse, within what rounds differ by.
  floors: METRICS.map((name) => timeAtMost('p-queue', 1.1, name)),
  rounds: 4,
  calibrate: peakRatePerMs,
  notes: [
    'The peak rate is that of the hand-written loop, with 16 handlers that wait for a timer of 1 ms. Arrivals are random (Poisson), the same for all. An event waits from the time it was due, so a stall counts for all whom it delays.',
  ],
};

function entrantOf(openServer: OpenServer): Entrant {
  return { run: (task) => measure(openServer, task) };
}

async function measure(openServer: OpenServer, { events, calibration }: Task): Promise<Measures> {
  const dueAt = arrivals(events, calibration * LOAD);
  const waits = new Float64Array(events);
  let startedAt = 0;
  let handled = 0;
  const server = await openServer({
    concurrency: CONCURRENCY,
    capacity: CAPACITY,
    maxAttempts: 3,
    key: (event) => event % 10_000,
    handle: async (event) => {
      waits[event] = performance.now() - startedAt - dueAt[event]!;
      await oneMillisecond();
      handled++;
    },
  });
  startedAt = performance.now();
  for (let event = 0; event < events;) {
    const now = performance.now() - startedAt;
    while (event < events && dueAt[event]! <= now) server.send(event++);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await server.drain();
  expectEqual('the handled events', handled, events);
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), 'p99.9': quantile(waits, 0.999) };
}

/** How many events the slots can handle per millisecond, at best. */
async function peakRatePerMs(): Promise<number> {
  const rates: number[] = [];
  for (let pass = 0; pass < 3; pass++) rates.push(await ratePerMs());
  return Math.max(...rates);
}

async function ratePerMs(): Promise<number> {
  const loop = new HandWrittenLoop({
    handle: oneMillisecond,
    concurrency: CONCURRENCY,
    capacity: CAPACITY,
    maxAttempts: 3,
    delayMs: 100,
    timeoutMs: undefined,
    onDead: () => undefined,
  });
  const startedAt = performance.now();
  // Not waiting for room but looking for it in each turn of the event loop, as the open loop looks for what is due: an idle process sleeps longer than its timers say.
  for (let event = 0; event < EVENTS;) {
    while (event < EVENTS && loop.trySend(event)) event++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await loop.drain();
  return EVENTS / (performance.now() - startedAt);
}

function oneMillisecond(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
