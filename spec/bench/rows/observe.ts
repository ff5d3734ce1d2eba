import type { Probe, Probes } from 'millrace';
import type { Floor } from '../harness/floor.ts';
import { poolEntrant } from '../harness/pool-entrant.ts';
import { type Contestant, NS_PER_EVENT, type Row } from '../harness/row.ts';

const EVENTS = 1_000_000;

/** Told of all that happens to each event, and minds nothing. */
const IDLE: Probe = { accepted: () => {}, started: () => {}, settled: () => {} };

/** What it costs to look on: the work of the `processor` row, watched. */
export const observeRow: Row = {
  name: 'observe',
  title: 'the same work as in row processor, watched by probes',
  metrics: [NS_PER_EVENT],
  reference: 'no probe',
  contestants: [
    contestant('no probe', undefined),
    contestant('no-op probe', async () => () => ({})),
    contestant('no-op callbacks', async () => () => IDLE),
    contestant('inspector', async () => {
      const { createInspector } = await import('millrace');
      return () => createInspector();
    }),
    contestant('OTel metrics', async () => (await import('../contestants/otel.ts')).metrics),
    contestant('no probe, a context entered', async () => (await import('../contestants/otel.ts')).contextEntered()),
    contestant('OTel traces, 1 %', async () => (await import('../contestants/otel.ts')).traces(0.01)),
    contestant('OTel traces, 100 %', async () => (await import('../contestants/otel.ts')).traces(1), EVENTS / 10),
  ],
  floors: [ofBareSpeed('inspector', 0.9), ofBareSpeed('OTel metrics', 0.6), ofBareSpeed('OTel traces, 1 %', 0.6)],
  notes: [
    'The no-op probe is `{}`, which costs what one does that is told only of trouble. No-op callbacks: a function that does nothing for each event that is accepted, started and settled.',
    'A context entered: the program’s SDK has made one context active, once. On Node 20 its AsyncLocalStorage makes every promise dearer from then on, which traces cannot undo; from Node 24 it does not.',
    'OTel: the real SDK, metrics collected every second, spans through its BatchSpanProcessor to an exporter that throws them away. At 100 %, that processor drops what it cannot keep, which costs it less.',
  ],
};

/** @param load - loads what is needed, and says how to make the probe of a round */
function contestant(name: string, load: (() => Promise<() => Probes>) | undefined, events = EVENTS): Contestant {
  return {
    name,
    events,
    load: async () => {
      const { watchedBy } = await import('../contestants/pool/millrace.ts');
      return poolEntrant(watchedBy(await load?.()), {});
    },
  };
}

/** At least so many times as fast as without a probe. */
function ofBareSpeed(name: string, limit: number): Floor {
  return {
    claim: `${name}: ≥ ${limit} × as fast as without a probe`,
    value: ({ of }) => of('no probe', 'nsPerEvent') / of(name, 'nsPerEvent'),
    bound: 'at-least',
    limit,
  };
}
