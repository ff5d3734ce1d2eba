import type { EventStore } from 'millrace';
import type { AlertEndpoint } from '../shared/earthquakes/alert-endpoint.ts';
import { type Quake, QuakeReported, StrongQuakeSeen, SwarmFound } from '../shared/earthquakes/events.ts';
import { type Sum, type Summary, sumUp } from '../shared/sums.ts';
import { counted, grouped } from '../shared/text.ts';
import { AlertDied, AlertRedriven, AlertSent, told } from './events.ts';
import type { Desk } from './server/desk.ts';

/** What is left when all is over. */
export interface Remains {
  readonly desk: Desk;
  readonly store: EventStore;
  readonly quakes: readonly Quake[];
  /** What the log had when this run began, by type. */
  readonly before: ReadonlyMap<string, number>;
  readonly alertEndpoint: AlertEndpoint;
}

/** Accounts for every event: the log is held against the archive, the store, the handlers, and what the endpoint has counted. */
export async function summarize(remains: Remains): Promise<Summary> {
  const { desk, alertEndpoint } = remains;
  const { handlers } = desk.bus.stats();
  const sums = [
    ...sumsOfQuakes(remains),
    await sumOfStore(remains),
    ...(await sumsOfAlerts(remains)),
    {
      of: 'redrives asked for',
      whole: desk.endpoint.stats().received.taken,
      parts: { 'taken on': handlers.find(({ name }) => name === 'redrive')?.accepted ?? 0 },
    },
  ];
  const { lines, holds } = sumUp(handlers, sums);
  const { sent, received, gaps } = desk.endpoint.stats();
  const pages = `Pages were sent ${counted(sent, 'event')}, and told of ${counted(gaps, 'gap')}; ${counted(received.forbidden, 'redrive')} refused.`;
  return { lines: [...lines, pages, `The alerts took ${grouped(alertEndpoint.requests)} requests.`], holds };
}

function sumsOfQuakes({ desk, quakes, before }: Remains): readonly Sum[] {
  const inLog = desk.log.count(QuakeReported);
  const known = before.get(QuakeReported.type) ?? 0;
  const watched = desk.bus.stats().handlers.find(({ name }) => name === 'strong-quakes')?.handled ?? 0;
  return [
    {
      of: 'quakes of the week',
      whole: quakes.length,
      parts: { 'in the log': inLog, 'to come': quakes.filter(({ id }) => !desk.log.has(id)).length },
    },
    { of: 'quakes looked at', whole: watched, parts: { 'in the log before': known, 'new in it': inLog - known } },
  ];
}

/** What is on the disk. */
async function sumOfStore({ desk, store }: Remains): Promise<Sum> {
  let whole = 0;
  for await (const _ of store.readAll()) whole++;
  return {
    of: 'events in the store',
    whole,
    parts: Object.fromEntries(told.map((one) => [one.type, desk.log.count(one)])),
  };
}

async function sumsOfAlerts({ desk, store, before, alertEndpoint }: Remains): Promise<readonly Sum[]> {
  const { log, alerts } = desk;
  const letters = await alerts.projection.deadLetters.list();
  const dead = new Set(letters.map(({ event }) => event.id));
  const recorded = [...alertEndpoint.taken].filter((id) => log.has(`sent-${id}`)).length;
  const parts = { sent: 0, 'in dead letters': 0, 'for the next run': 0 };
  for await (const { id } of store.readAll({ types: [StrongQuakeSeen.type, SwarmFound.type] })) {
    if (log.has(`sent-${id}`)) parts.sent++;
    else if (dead.has(id)) parts['in dead letters']++;
    else parts['for the next run']++;
  }
  return [
    { of: 'alerts in the log', whole: log.count(StrongQuakeSeen) + log.count(SwarmFound), parts },
    {
      of: 'alerts sent in this run',
      whole: log.count(AlertSent) - (before.get(AlertSent.type) ?? 0),
      parts: { 'taken by the endpoint': recorded },
    },
    {
      of: 'alerts that died',
      whole: log.count(AlertDied),
      parts: { 'in dead letters': letters.length, redriven: log.count(AlertRedriven) },
    },
  ];
}
