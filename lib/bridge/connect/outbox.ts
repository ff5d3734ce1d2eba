import { OverflowError } from '../../core/errors.ts';
import { RingBuffer } from '../../core/ring-buffer.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import { pause } from '../../sourcing/pause.ts';
import { BridgeError } from '../crossing/bridge-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { OutboxStats } from './events-connection.ts';
import { refusalOf, retryAfterMs, shortText } from './refusal.ts';
import { heard } from './silence.ts';

/** Events of one request at most, */
const MOST_EVENTS = 100;

/** and characters of them. */
const MOST_CHARACTERS = 500_000;

/** What the server has said of a batch. */
interface Verdict {
  /** What became of each event; undefined: of all of them the same. */
  readonly outcomes: readonly { readonly outcome?: unknown; readonly detail?: unknown }[] | undefined;
  readonly error: BridgeError | undefined;
  readonly retryAfterMs: number;
}

/** What was emitted, on its way to the server: bounded, in order, and sent again, with the same ids, until the server has it or does not want it. */
export class Outbox {
  readonly #settings: ConnectionSettings;
  readonly #errors: ErrorReports;
  readonly #waiting = new RingBuffer<string>();
  readonly #onFlushed: (() => void)[] = [];
  #batch: readonly string[] = [];
  #mostEvents = MOST_EVENTS;
  readonly #ending = new AbortController();
  #pausing = new AbortController();
  #isSending = false;
  #isClosed = false;
  /** The one who emits is told once, until there is room again. */
  #isOverflowing = false;
  #confirmed = 0;
  #refused = 0;
  #dropped = 0;

  constructor(settings: ConnectionSettings, errors: ErrorReports) {
    this.#settings = settings;
    this.#errors = errors;
  }

  get #size(): number {
    return this.#waiting.size + this.#batch.length;
  }

  stats(): Omit<OutboxStats, 'unwritable'> {
    const { capacity } = this.#settings.outgoing;
    const { confirmed, refused, dropped } = {
      confirmed: this.#confirmed,
      refused: this.#refused,
      dropped: this.#dropped,
    };
    return { waiting: this.#size, capacity, confirmed, refused, dropped };
  }

  push(text: string): void {
    if (this.#isClosed) return;
    if (this.#size >= this.#settings.outgoing.capacity && !this.#makeRoom()) return;
    this.#waiting.push(text);
    if (this.#isSending) return;
    this.#isSending = true;
    // In a microtask: what is emitted in one turn goes out together.
    void Promise.resolve()
      .then(() => this.#send())
      .catch((error: unknown) => this.#errors.report('bridge', error));
  }

  /** Tries at once what waits for another attempt. */
  hurry(): void {
    this.#pausing.abort();
  }

  flushed(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onFlushed.push(resolve));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const left = this.#size;
    this.#batch = [];
    while (this.#waiting.size > 0) this.#waiting.shift();
    this.#dropped += left;
    if (left > 0) this.#errors.report('bridge', givenUp(left));
    this.#ending.abort();
    this.#pausing.abort();
    this.#tellFlushed();
  }

  #makeRoom(): boolean {
    const { capacity, overflow } = this.#settings.outgoing;
    this.#dropped++;
    if (!this.#isOverflowing) {
      const remedy = `It drops by '${overflow}' until there is room, see stats(). Raise outgoing.capacity, or emit less while the server is away.`;
      this.#errors.report('bridge', new OverflowError(`the outgoing buffer of ${capacity}`, remedy));
    }
    this.#isOverflowing = true;
    // What is on its way already may have arrived: it stays.
    return overflow === 'drop-oldest' && this.#waiting.shift() !== undefined;
  }

  async #send(): Promise<void> {
    try {
      while (!this.#isClosed && this.#waiting.size > 0) {
        this.#batch = this.#take();
        await this.#insist();
      }
    } finally {
      this.#isSending = false;
      this.#tellFlushed();
    }
  }

  #take(): readonly string[] {
    const batch: string[] = [];
    let characters = 0;
    while (batch.length < this.#mostEvents && this.#waiting.first !== undefined) {
      characters += this.#waiting.first.length;
      if (batch.length > 0 && characters > MOST_CHARACTERS) break;
      batch.push(this.#waiting.shift()!);
    }
    return batch;
  }

  /** Sends the batch until nothing of it is left. */
  async #insist(): Promise<void> {
    const { decideSend, scheduler } = this.#settings;
    for (let failures = 0; this.#batch.length > 0;) {
      const before = this.#batch.length;
      const { outcomes, error, retryAfterMs: restMs } = await this.#post();
      if (this.#isClosed) return;
      if (outcomes === undefined) this.#settleAll(error);
      else this.#settleEach(outcomes);
      if (this.#batch.length === 0) break;
      if (error !== undefined) this.#errors.report('bridge', error);
      failures = this.#batch.length < before ? 1 : failures + 1;
      const decision = decideSend(failures, error);
      this.#pausing = new AbortController();
      await pause(Math.max(restMs, decision.retry ? decision.delayMs : 0), scheduler, this.#pausing.signal);
    }
    this.#isOverflowing = false;
  }

  async #post(): Promise<Verdict> {
    const { request, publishTimeoutMs, scheduler } = this.#settings;
    const ending = new AbortController();
    const abort = (): void => ending.abort();
    this.#ending.signal.addEventListener('abort', abort, { once: true });
    try {
      return await heard(this.#ask(request, ending.signal), publishTimeoutMs, scheduler, abort);
    } catch (error) {
      return { outcomes: undefined, error: unsent(error), retryAfterMs: 0 };
    } finally {
      this.#ending.signal.removeEventListener('abort', abort);
    }
  }

  async #ask(request: ConnectionSettings['request'], signal: AbortSignal): Promise<Verdict> {
    const response = await request({
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents-batch+json', accept: 'application/json' },
      body: `[${this.#batch.join(',')}]`,
      signal,
    });
    const text = await shortText(response, 1_000_000);
    const outcomes = outcomesOf(text, this.#batch.length);
    const error = response.ok ? undefined : refusalOf(response, text);
    return { outcomes, error, retryAfterMs: retryAfterMs(response) };
  }

  /** Of a server that says nothing of each event. */
  #settleAll(error: BridgeError | undefined): void {
    if (error === undefined) {
      this.#confirmed += this.#batch.length;
      this.#batch = [];
    } else if (error.status === 413 && this.#batch.length > 1) {
      this.#shrink();
    } else if (error.status !== undefined && [400, 413, 415, 422].includes(error.status)) {
      // As it is, it will never be taken.
      this.#refused += this.#batch.length;
      this.#errors.report('bridge', error);
      this.#batch = [];
    }
  }

  /** Too much at a time: the first half of it, and less from now on. */
  #shrink(): void {
    const half = Math.ceil(this.#batch.length / 2);
    const rest = this.#batch.slice(half);
    while (this.#waiting.size > 0) rest.push(this.#waiting.shift()!);
    for (const text of rest) this.#waiting.push(text);
    this.#batch = this.#batch.slice(0, half);
    this.#mostEvents = half;
  }

  #settleEach(outcomes: NonNullable<Verdict['outcomes']>): void {
    const left: string[] = [];
    this.#batch.forEach((text, at) => {
      const { outcome, detail } = outcomes[at]!;
      if (outcome === 'taken' || outcome === 'duplicate') this.#confirmed++;
      else if (outcome === 'busy') left.push(text);
      else this.#refuse(String(outcome), String(detail));
    });
    this.#batch = left;
  }

  #refuse(outcome: string, detail: string): void {
    this.#refused++;
    const text = `Expected the server to take an event, got '${outcome.slice(0, 60)}': ${detail.slice(0, 1_000)}`;
    this.#errors.report('bridge', new BridgeError('BRIDGE_REFUSED', text));
  }

  #tellFlushed(): void {
    if (this.#size > 0) return;
    for (const resolve of this.#onFlushed.splice(0)) resolve();
  }
}

function outcomesOf(text: string, count: number): Verdict['outcomes'] {
  try {
    const { events } = JSON.parse(text) as { readonly events?: unknown };
    if (!Array.isArray(events) || events.length !== count) return undefined;
    return events.map((event: unknown) => (typeof event === 'object' && event !== null ? event : {}));
  } catch {
    return undefined;
  }
}

function unsent(cause: unknown): BridgeError {
  if (cause instanceof BridgeError) return cause;
  return new BridgeError(
    'BRIDGE_UNREACHABLE',
    'Expected the server to take events, got a connection that has failed. They are sent again.',
    { cause },
  );
}

function givenUp(count: number): BridgeError {
  return new BridgeError(
    'BRIDGE_UNREACHABLE',
    `Expected all events to be confirmed before close(), got ${count} that are not; some of them may have arrived. Await flushed() first.`,
  );
}
