/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import { ErrorReports, type ReportedError } from '../../process/error-reports.ts';
import type { AnyBus } from '../crossing/bridged-bus.ts';
import { Departures } from '../crossing/departures.ts';
import { Intake } from '../crossing/intake.ts';
import { permitted } from './authorize.ts';
import { Clients } from './clients.ts';
import { EventLog } from './event-log.ts';
import type { Feed, MaySee } from './feed.ts';
import { LogFeed } from './log-feed.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { publish } from './publishing.ts';
import type { EventsEndpoint, EventsEndpointStats } from './events-endpoint.ts';
import type { ServeEventsOptions } from './serve-events-options.ts';
import { type ServerSettings, serverSettings } from './server-settings.ts';
import { StoreFeed } from './store-feed.ts';

/** Longer than any id of ours. */
const MOST_ID_CHARACTERS = 2_048;

/** What an endpoint is: who is connected, what they are sent, and what they may send. */
export class EventsServer implements EventsEndpoint {
  readonly errors: Observable<ReportedError>;
  readonly #reports = new ErrorReports();
  readonly #settings: ServerSettings;
  readonly #intake: Intake;
  readonly #log: EventLog;
  readonly #departures: Departures | undefined;
  readonly #clients: Clients;
  readonly #refused: Record<number, number> = {};
  /** Clients whose streams are being made. */
  #coming = 0;
  #publishing = 0;
  #unwritable = 0;
  #isClosed = false;

  constructor(bus: AnyBus, options: ServeEventsOptions) {
    const settings = serverSettings(bus, options);
    const { receive, scheduler, send, store, buffer, maxEventBytes } = settings;
    this.errors = this.#reports.stream;
    this.#settings = settings;
    this.#log = new EventLog(buffer);
    this.#clients = new Clients(settings, this.#reports);
    this.#intake = new Intake({ bus, bridge: this, receive, scheduler, invalid: 'refuse' });
    if (store !== undefined) return;
    this.#departures = new Departures({
      bus,
      // What one client has sent, the others are to get, too: the one that sent it knows it by its id.
      bridge: {},
      send,
      maxEventBytes,
      errors: this.#reports,
      onEvent: (text, event) => this.#log.push(event, text),
      onClosed: () => this.close(),
    });
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const { origins } = this.#settings;
    try {
      const response = await this.#answer(request);
      for (const [name, value] of Object.entries(origins.headersFor(request))) response.headers.set(name, value);
      return response;
    } catch (error) {
      const { problem } = error instanceof ProblemError ? error : this.#failure(error);
      this.#countRefused(problem.status);
      const headers = { ...problem.headers, ...origins.headersFor(request) };
      return problemResponse({ ...problem, headers });
    }
  };

  stats(): EventsEndpointStats {
    return {
      clients: this.#clients.size,
      maxClients: this.#settings.maxClients,
      sent: this.#clients.sent,
      gaps: this.#clients.gaps,
      cut: this.#clients.cut,
      unwritable: this.#unwritable + (this.#departures?.unwritable ?? 0),
      received: this.#intake.counts,
      refused: { ...this.#refused },
      buffered: { events: this.#log.size, bytes: this.#log.bytes },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#departures?.close();
    this.#clients.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---- Requests ----

  async #answer(request: Request): Promise<Response> {
    const { path, origins } = this.#settings;
    this.#expectOpen();
    const { pathname } = new URL(request.url);
    if (path !== undefined && pathname !== path) {
      throw new ProblemError({
        status: 404,
        detail: `Expected a request for '${path}', got another path. Correct the address.`,
      });
    }
    if (!origins.allows(request)) {
      throw new ProblemError({
        status: 403,
        detail: 'Expected a request of a page that may make it, got one of another origin. Add its origin to origins.',
      });
    }
    if (request.method === 'GET' && this.#settings.send.size > 0) return this.#subscribe(request);
    if (request.method === 'POST' && this.#settings.receive.size > 0) return this.#publish(request);
    if (request.method === 'OPTIONS') return origins.preflight(request, this.#methods);
    throw new ProblemError({
      status: 405,
      detail: `Expected ${this.#methods.replace(', ', ' or ')}, got another method. GET subscribes, POST publishes, where events are named for it.`,
      headers: { allow: this.#methods },
    });
  }

  get #methods(): string {
    const { send, receive } = this.#settings;
    return [send.size > 0 ? 'GET' : '', receive.size > 0 ? 'POST' : ''].filter(Boolean).join(', ');
  }

  async #publish(request: Request): Promise<Response> {
    const { authorize, maxPublishing, receive } = this.#settings;
    if (this.#publishing >= maxPublishing) {
      throw new ProblemError({
        status: 429,
        detail: `Expected at most ${maxPublishing} requests that publish at a time, got more. Send several events in one, and come again later.`,
        headers: { 'retry-after': '1' },
      });
    }
    this.#publishing++;
    try {
      const maySend = await permitted(authorize, request, { kind: 'publish', types: [...receive.keys()] });
      const response = await publish(request, this.#intake, maySend, this.#settings);
      if (!response.ok) this.#countRefused(response.status);
      return response;
    } finally {
      this.#publishing--;
    }
  }

  async #subscribe(request: Request): Promise<Response> {
    const { authorize, send, maxClients } = this.#settings;
    if (this.#clients.size + this.#coming >= maxClients) {
      throw unavailable(`Expected at most ${maxClients} clients, got one more. Come again later, or raise maxClients.`);
    }
    this.#coming++;
    try {
      const lastEventId = lastIdOf(request);
      const maySee = await permitted(authorize, request, { kind: 'subscribe', types: [...send.keys()], lastEventId });
      const feed = await this.#feedOf(lastEventId, maySee);
      this.#expectOpen();
      return new Response(this.#clients.join(feed, request.signal), { headers: STREAM_HEADERS });
    } finally {
      this.#coming--;
    }
  }

  async #feedOf(lastEventId: string | undefined, maySee: MaySee): Promise<Feed> {
    const { store, from, send, buffer, maxEventBytes } = this.#settings;
    if (store === undefined) return new LogFeed(this.#log, { lastEventId, from, maySee, overflow: buffer.overflow });
    const onUnwritable = (error: unknown): void => {
      this.#unwritable++;
      this.#reports.report('bridge', error);
    };
    return StoreFeed.open({ store, send, lastEventId, from, maxEventBytes, maySee, onUnwritable });
  }

  #expectOpen(): void {
    if (this.#isClosed) {
      throw unavailable('Expected an endpoint that is open, got one that is closed. Come again later.');
    }
  }

  #countRefused(status: number): void {
    this.#refused[status] = (this.#refused[status] ?? 0) + 1;
  }

  /** What went wrong is ours to know. */
  #failure(error: unknown): ProblemError {
    this.#reports.report('bridge', error);
    return new ProblemError({
      status: 500,
      detail: 'Expected a server that works, got one that does not. Its errors say more: look there.',
    });
  }
}

const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Whoever is in between must neither keep it, nor pack it, nor wait for more.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** An id that is longer than any of ours is none that we know: the client is told of a gap. */
function lastIdOf({ headers }: Request): string | undefined {
  const id = headers.get('last-event-id') ?? '';
  return id === '' ? undefined : id.slice(0, MOST_ID_CHARACTERS);
}

function unavailable(detail: string): ProblemError {
  return new ProblemError({ status: 503, detail, headers: { 'retry-after': '5' } });
}
