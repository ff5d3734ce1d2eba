import { BehaviorSubject, Subject } from 'rxjs';
import { ClosedError } from '../../core/errors.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import { pause } from '../../sourcing/pause.ts';
import { BridgeError } from '../crossing/bridge-error.ts';
import { type Gap, gapError, readGap } from '../crossing/gap.ts';
import type { Arrival, Intake } from '../crossing/intake.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionState } from './events-connection.ts';
import type { Arriving, Progress } from './progress.ts';
import { refusalOf, retryAfterMs, shortText } from './refusal.ts';
import { heard } from './silence.ts';
import { type SseMessage, SseParser } from './sse-parser.ts';

/** Until the server has said how often it is heard of, in milliseconds. */
const FIRST_SILENCE_MS = 45_000;

/** What a stream needs of its connection. */
export interface DownstreamOptions {
  readonly settings: ConnectionSettings;
  readonly intake: Intake;
  readonly progress: Progress;
  readonly errors: ErrorReports;
  /** The bus has closed. */
  readonly onBusClosed: () => void;
}

/** The stream of a server's events: connected again whenever it ends, from where it was. */
export class Downstream {
  readonly states: BehaviorSubject<ConnectionState> = new BehaviorSubject<ConnectionState>('connecting');
  readonly gaps: Subject<Gap> = new Subject<Gap>();
  readonly #options: DownstreamOptions;
  /** Ends what is going on: the connection, or the wait for the next one. */
  #ending = new AbortController();
  #silenceMs: number;
  #retryAfterMs = 0;
  #wasOpen = false;
  #isClosed = false;
  /** Somebody wants another connection now. */
  #isAsked = false;
  /** Reading goes on when there is room. */
  #onRoom: (() => void) | undefined;
  opened = 0;
  gapCount = 0;
  inFlight = 0;

  constructor(options: DownstreamOptions) {
    this.#options = options;
    this.#silenceMs = options.settings.silenceMs ?? FIRST_SILENCE_MS;
  }

  async run(): Promise<void> {
    const { settings, progress } = this.#options;
    await progress.load();
    for (let failures = 0; !this.#isClosed;) {
      this.#ending = new AbortController();
      const error = await this.#connect(this.#ending);
      if (this.#isClosed) return;
      failures = this.#wasOpen ? 1 : failures + 1;
      if (this.#isAsked) {
        failures = 0;
        continue;
      }
      if (error !== undefined) this.#options.errors.report('bridge', error);
      this.#ending = new AbortController();
      const decision = settings.decideConnect(failures, error);
      this.#turn(decision.retry ? 'waiting' : 'refused');
      if (decision.retry) await this.#pause(Math.max(decision.delayMs, this.#retryAfterMs));
      else failures = await this.#untilAsked();
    }
  }

  /** Makes the wait end, or a connection that seems to stand. */
  reconnect(): void {
    this.#isAsked = this.states.value === 'open' || this.states.value === 'connecting';
    this.#ending.abort();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ending.abort();
    this.#onRoom?.();
    this.#turn('closed');
    this.states.complete();
    this.gaps.complete();
  }

  /** One connection. @returns why it has ended; undefined: the server has ended it in peace */
  async #connect(ending: AbortController): Promise<unknown> {
    this.#turn('connecting');
    this.#wasOpen = false;
    this.#isAsked = false;
    this.#retryAfterMs = 0;
    try {
      const response = await this.#hear(this.#ask(ending.signal), ending);
      if (!response.ok) {
        this.#retryAfterMs = retryAfterMs(response);
        return refusalOf(response, await this.#hear(shortText(response, 10_000), ending));
      }
      await this.#read(expectStream(response), ending);
      return undefined;
    } catch (error) {
      // Whoever has ended it has said why.
      return ending.signal.reason instanceof Error && ending.signal.reason.name !== 'AbortError'
        ? ending.signal.reason
        : unreachable(error);
    } finally {
      ending.abort();
    }
  }

  #ask(signal: AbortSignal): Promise<Response> {
    const { settings, progress } = this.#options;
    const { lastEventId } = progress;
    return settings.request({
      headers: { accept: 'text/event-stream', ...(lastEventId !== undefined && this.#header(lastEventId)) },
      signal,
    });
  }

  /** What was saved may be anything by now. */
  #header(lastEventId: string): Readonly<Record<string, string>> {
    if (/^[\u0021-\u007E][\u0020-\u007E]{0,2047}$/u.test(lastEventId)) return { 'last-event-id': lastEventId };
    this.#tell({ reason: 'unknown-id' });
    return {};
  }

  async #read(body: ReadableStream<Uint8Array>, ending: AbortController): Promise<void> {
    const { maxEventBytes, maxInFlight } = this.#options.settings;
    const parser = new SseParser(maxEventBytes + 64);
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await this.#hear(reader.read(), ending);
      if (done || ending.signal.aborted) return;
      for (const message of parser.push(value)) {
        this.#take(message);
        // The server is not read from, and has to keep or leave out what comes, as it was told.
        if (this.inFlight >= maxInFlight) await this.#room();
        if (ending.signal.aborted) return ending.signal.throwIfAborted();
      }
    }
  }

  #take({ event, data, id, isTooLarge }: SseMessage): void {
    const { intake, progress, settings } = this.#options;
    if (event === 'hello') this.#greet(data);
    if (event === 'gap') this.#tell(readGap(parsed(data)));
    if (event !== 'message' || (data === undefined && !isTooLarge)) {
      if (id !== undefined) progress.skipTo(id);
      return;
    }
    const arriving = id === undefined ? undefined : progress.add(id);
    this.inFlight++;
    const text = isTooLarge ? undefined : data;
    void intake.takeText(text, settings.maxEventBytes).then((arrival) => {
      this.inFlight--;
      if (arrival.outcome === 'busy') this.#redo(arrival, arriving);
      else arriving?.settle();
      this.#note(arrival);
      this.#onRoom?.();
    });
  }

  #greet(data: string | undefined): void {
    const { silenceMs } = this.#options.settings;
    const { heartbeatMs } = parsed(data) as { readonly heartbeatMs?: unknown };
    if (silenceMs === undefined && typeof heartbeatMs === 'number' && heartbeatMs > 0) {
      this.#silenceMs = Math.min(heartbeatMs * 3, 600_000);
    }
    this.#wasOpen = true;
    this.opened++;
    this.#turn('open');
  }

  /** The bus could not take an event now: it has to come again, and those behind it. */
  #redo({ error }: Arrival, arriving: Arriving | undefined): void {
    if (error instanceof ClosedError) return this.#options.onBusClosed();
    if (this.#isClosed || arriving?.redo() === false) return;
    this.#wasOpen = false;
    // While it waits, it will ask for the right place by itself.
    if (this.states.value !== 'waiting') this.#ending.abort(error);
  }

  #note({ outcome, error }: Arrival): void {
    const isReported = outcome === 'invalid' || outcome === 'not-allowed';
    if (isReported && !this.#isClosed) this.#options.errors.report('bridge', error);
  }

  #tell(gap: Gap): void {
    this.gapCount++;
    this.#options.errors.report('bridge', gapError(gap, 'of the server'));
    this.gaps.next(gap);
  }

  #hear<Value>(waiting: Promise<Value>, ending: AbortController): Promise<Value> {
    return heard(waiting, this.#silenceMs, this.#options.settings.scheduler, () => ending.abort());
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = () => {
        if (this.inFlight >= this.#options.settings.maxInFlight && !this.#isClosed) return;
        this.#onRoom = undefined;
        resolve();
      };
    });
  }

  #pause(delayMs: number): Promise<void> {
    return pause(delayMs, this.#options.settings.scheduler, this.#ending.signal);
  }

  /** @returns how many attempts have failed then */
  #untilAsked(): Promise<0> {
    return new Promise((resolve) => {
      this.#ending.signal.addEventListener('abort', () => resolve(0), { once: true });
    });
  }

  #turn(state: ConnectionState): void {
    if (this.states.value !== state) this.states.next(state);
  }
}

function expectStream(response: Response): ReadableStream<Uint8Array> {
  const contentType = response.headers.get('content-type') ?? 'none';
  if (contentType.startsWith('text/event-stream') && response.body !== null) return response.body;
  throw new BridgeError(
    'BRIDGE_REFUSED',
    `Expected a stream of events (text/event-stream), got ${contentType}. Look at the address: it may be that of a page.`,
  );
}

function unreachable(error: unknown): unknown {
  if (error instanceof BridgeError) return error;
  return new BridgeError(
    'BRIDGE_UNREACHABLE',
    'Expected a connection to the server, got one that has failed. It is tried again.',
    { cause: error },
  );
}

function parsed(data: string | undefined): unknown {
  try {
    return (JSON.parse(data ?? '{}') as unknown) ?? {};
  } catch {
    return {};
  }
}
