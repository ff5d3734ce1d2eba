/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import { ErrorReports, type ReportedError } from '../../process/error-reports.ts';
import type { AnyBus } from '../crossing/bridged-bus.ts';
import { Departures } from '../crossing/departures.ts';
import type { Gap } from '../crossing/gap.ts';
import { Intake } from '../crossing/intake.ts';
import type { ConnectEventsOptions } from './connect-events-options.ts';
import { type ConnectionSettings, connectionSettings } from './connection-settings.ts';
import { Downstream } from './downstream.ts';
import type { ConnectionState, EventsConnection, EventsConnectionStats } from './events-connection.ts';
import { Outbox } from './outbox.ts';
import { Progress } from './progress.ts';

/** Both directions of a connection. */
export class ServerConnection implements EventsConnection {
  readonly states: Observable<ConnectionState>;
  readonly gaps: Observable<Gap>;
  readonly errors: Observable<ReportedError>;
  readonly #settings: ConnectionSettings;
  readonly #intake: Intake;
  readonly #progress: Progress;
  readonly #downstream: Downstream;
  readonly #outbox: Outbox;
  readonly #departures: Departures;
  readonly #leave: () => void;

  constructor(bus: AnyBus, url: URL | string, options: ConnectEventsOptions) {
    const settings = connectionSettings(bus, url, options);
    const { receive, send, scheduler, maxEventBytes, resume, saveEveryMs } = settings;
    const reports = new ErrorReports();
    const close = (): void => void this.close();
    const onError = (error: unknown): void => reports.report('bridge', error);
    this.#settings = settings;
    this.#intake = new Intake({ bus, bridge: this, receive, scheduler, invalid: 'dead-letter' });
    this.#progress = new Progress({ resume, saveEveryMs, scheduler, onError });
    const { intake, progress } = { intake: this.#intake, progress: this.#progress };
    this.#downstream = new Downstream({ settings, intake, progress, errors: reports, onBusClosed: close });
    this.#outbox = new Outbox(settings, reports);
    const onEvent = (text: string): void => this.#outbox.push(text);
    this.#departures = new Departures({
      bus,
      bridge: this,
      send,
      maxEventBytes,
      errors: reports,
      onEvent,
      onClosed: close,
    });
    this.states = this.#downstream.states.asObservable();
    this.gaps = this.#downstream.gaps.asObservable();
    this.errors = reports.stream;
    this.#leave = () => options.signal?.removeEventListener('abort', close);
    options.signal?.addEventListener('abort', close, { once: true });
    if (options.signal?.aborted === true) close();
    else if (receive.size === 0) this.#downstream.states.next('open');
    else this.#downstream.run().catch(failed);

    /** A policy of the user's has thrown: there is no way to go on. */
    function failed(error: unknown): void {
      onError(error);
      close();
    }
  }

  stats(): EventsConnectionStats {
    return {
      state: this.#downstream.states.value,
      opened: this.#downstream.opened,
      received: this.#intake.counts,
      inFlight: this.#downstream.inFlight,
      gaps: this.#downstream.gapCount,
      lastEventId: this.#progress.lastEventId,
      outgoing: { ...this.#outbox.stats(), unwritable: this.#departures.unwritable },
    };
  }

  reconnect(): void {
    if (this.#settings.receive.size > 0) this.#downstream.reconnect();
    this.#outbox.hurry();
  }

  flushed(): Promise<void> {
    return this.#outbox.flushed();
  }

  async close(): Promise<void> {
    this.#leave();
    this.#departures.close();
    this.#downstream.close();
    this.#outbox.close();
    await this.#progress.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
