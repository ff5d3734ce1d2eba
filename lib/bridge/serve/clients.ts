import type { Subscription } from 'rxjs';
import type { ErrorReports } from '../../process/error-reports.ts';
import { ClientStream } from './client-stream.ts';
import { helloChunk, STREAM_VERSION } from './event-stream.ts';
import type { Feed, Portion } from './feed.ts';
import type { ServerSettings } from './server-settings.ts';

/** Who is connected: attended to from time to time, until they leave or are too slow. */
export class Clients {
  readonly #settings: ServerSettings;
  readonly #reports: ErrorReports;
  readonly #streams = new Set<ClientStream>();
  #heartbeat: Subscription | undefined;
  sent = 0;
  gaps = 0;
  cut = 0;

  constructor(settings: ServerSettings, reports: ErrorReports) {
    this.#settings = settings;
    this.#reports = reports;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Begins to send to one more. */
  join(feed: Feed, signal: AbortSignal): ReadableStream<Uint8Array> {
    const { heartbeatMs, scheduler } = this.#settings;
    const leave = (): void => stream.close();
    const stream = new ClientStream({
      feed,
      hello: helloChunk({ version: STREAM_VERSION, heartbeatMs }, feed.id),
      now: () => scheduler.now(),
      onSent: (portion) => this.#count(portion),
      onError: (error) => this.#reports.report('bridge', error),
      onEnd: () => {
        signal.removeEventListener('abort', leave);
        this.#streams.delete(stream);
        if (this.#streams.size === 0) this.#heartbeat?.unsubscribe();
      },
    });
    this.#streams.add(stream);
    if (this.#streams.size === 1) this.#attendLater();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    return stream.body;
  }

  close(): void {
    for (const stream of this.#streams) stream.close();
  }

  #count({ events, gap }: Portion): void {
    this.sent += events;
    if (gap !== undefined) this.gaps++;
  }

  #attendLater(): void {
    const { scheduler, heartbeatMs } = this.#settings;
    this.#heartbeat = scheduler.schedule(() => {
      for (const stream of this.#streams) this.#attend(stream);
      if (this.#streams.size > 0) this.#attendLater();
    }, heartbeatMs);
  }

  #attend(stream: ClientStream): void {
    const { maxStallMs, maxStreamMs, buffer } = this.#settings;
    const isLost = stream.hasOverflown && buffer.overflow === 'disconnect';
    if (isLost || stream.stalledMs >= maxStallMs) {
      this.cut++;
      stream.cut(new Error('Expected a client that takes its events, got one that is too slow. It may come again.'));
    } else if (stream.ageMs >= maxStreamMs) {
      stream.close();
    } else {
      stream.beat();
    }
  }
}
