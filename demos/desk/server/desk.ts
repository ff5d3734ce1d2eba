import { createEventBus, type EventBus, type EventStore, type EventSubscription } from 'millrace';
import { type EventsEndpoint, serveEvents } from 'millrace/bridge';
import { QuakeReported, StrongQuakeSeen, SwarmFound } from '../../shared/earthquakes/events.ts';
import { createStrongQuakeWatch } from '../../shared/earthquakes/strong-quakes.ts';
import { SwarmFinder } from '../../shared/earthquakes/swarm-finder.ts';
import { asked, RedriveRequested, told } from '../events.ts';
import { type Alerts, sendAlerts } from './alerts.ts';
import { DeskLog } from './desk-log.ts';
import { dutyOfficer } from './duty-officer.ts';

/** A bus that knows the desk's events. */
type PageDeskBus = EventBus<(typeof told)[number] | (typeof asked)[number]>;

export interface DeskOptions {
  readonly store: EventStore;
  /** Where alerts are posted. */
  readonly alertUrl: URL;
  /** Whoever has it may redrive. */
  readonly code: string;
  readonly onError: (error: unknown) => void;
}

/** What is behind the page. */
export interface Desk {
  readonly bus: PageDeskBus;
  readonly log: DeskLog;
  readonly alerts: Alerts;
  /** What pages are connected to. */
  readonly endpoint: EventsEndpoint;
  readonly handlers: readonly EventSubscription[];
}

/** As many as the week has, and more: what is known already is not paced. */
const CAPACITY = 4_096;

/** Puts the server's side together. This is the file to read first; the page's is page/main.ts. */
export async function openDesk({ store, alertUrl, code, onError }: DeskOptions): Promise<Desk> {
  const log = await DeskLog.open(store);
  const bus: PageDeskBus = createEventBus({ events: [...told, ...asked], source: 'desk' });
  const alerts = sendAlerts({ store, log, url: alertUrl, onError });
  alerts.projection.errors.subscribe(({ error }) => onError(error));

  const handlers = [
    // Many at a time, in one transaction.
    bus.on([QuakeReported, StrongQuakeSeen, SwarmFound], async (events) => log.record(...events), {
      name: 'record',
      batch: { maxSize: 200, maxWaitMs: 5 },
      capacity: CAPACITY,
      retry: { maxAttempts: 3, delayMs: 100 },
    }),
    bus.on(QuakeReported, createStrongQuakeWatch(), { name: 'strong-quakes', capacity: CAPACITY }),
    bus.on(QuakeReported, new SwarmFinder(), { name: 'swarm-finder', capacity: CAPACITY }),
    bus.on(RedriveRequested, async ({ data }) => alerts.redrive(data.letter), { name: 'redrive', concurrency: 8 }),
  ];

  const endpoint = serveEvents(bus, {
    path: '/events',
    // From the log: whoever comes back misses nothing, also after a restart of this program.
    store,
    from: 'start',
    send: told,
    receive: asked,
    // Everybody may look; a redrive is allowed or refused for each request.
    authorize: dutyOfficer(code),
    heartbeatMs: 5_000,
  });
  endpoint.errors.subscribe(({ error }) => onError(error));
  bus.errors.subscribe(({ error }) => onError(error));
  return { bus, log, alerts, endpoint, handlers };
}
