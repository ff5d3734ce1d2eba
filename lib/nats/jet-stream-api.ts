import type { SchedulerLike } from 'rxjs';
import type { Correspondent, Mailbox } from './mailbox.ts';
import type { NatsMessage } from './nats-client.ts';

/** Milliseconds before it is asked again, where JetStream is not ready. */
const AGAIN_MS = 100;

const ENCODER = /* @__PURE__ */ new TextEncoder();
const DECODER = /* @__PURE__ */ new TextDecoder();

/** What the server says of a failure. */
interface ApiFailure {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** JetStream has answered that it will not do it. */
export class JetStreamRefusal extends Error {
  /** As HTTP has them: 404 for what is not there. */
  readonly status: number;
  /** Its own number. */
  readonly number: number | undefined;

  constructor({ code, err_code: number, description }: ApiFailure) {
    super(description ?? `code ${code}`);
    this.status = code;
    this.number = number;
  }

  get isMissing(): boolean {
    return this.status === 404;
  }
}

/** The configuration of a stream, as far as we look at it. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects?: readonly string[];
  readonly [option: string]: unknown;
}

/** The configuration of a consumer, as far as we look at it. */
export interface ConsumerConfig {
  readonly durable_name?: string;
  readonly description?: string;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly ack_policy?: string;
  readonly ack_wait?: number;
  readonly max_ack_pending?: number;
  readonly deliver_subject?: string;
  readonly [option: string]: unknown;
}

/** What the server knows of a consumer. */
export interface ConsumerInfo {
  readonly config: ConsumerConfig;
  readonly delivered: { readonly stream_seq: number };
  readonly num_pending: number;
}

/** Asks JetStream, until it answers: requests that are lost, or come before it is ready, are repeated. All of them may be. */
export class JetStreamApi {
  readonly #mailbox: Mailbox;
  readonly #prefix: string;
  readonly #scheduler: SchedulerLike;

  constructor(mailbox: Mailbox, prefix: string, scheduler: SchedulerLike) {
    this.#mailbox = mailbox;
    this.#prefix = prefix;
    this.#scheduler = scheduler;
  }

  /** The subject of a request. */
  subject(path: string): string {
    return `${this.#prefix}.${path}`;
  }

  /**
   * @throws JetStreamRefusal; the signal's reason; what has ended the connection
   */
  async ask<Answer>(path: string, request: object | undefined, signal: AbortSignal): Promise<Answer> {
    const payload = request === undefined ? new Uint8Array() : ENCODER.encode(JSON.stringify(request));
    for (;;) {
      signal.throwIfAborted();
      const message = await this.#send(this.subject(path), payload, signal);
      const answer = message === undefined ? undefined : readAnswer<Answer>(message);
      if (answer !== undefined && !isTemporary(answer.error)) {
        if (answer.error !== undefined) throw new JetStreamRefusal(answer.error);
        return answer;
      }
      if (message !== undefined) await this.pause(AGAIN_MS, signal);
    }
  }

  /** Resolves after a while, or when the signal is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.unsubscribe();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#scheduler.schedule(end, ms);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  }

  #send(subject: string, payload: Uint8Array, signal: AbortSignal): Promise<NatsMessage | undefined> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      const end = <Value>(settle: (value: Value) => void, value: Value): void => {
        signal.removeEventListener('abort', abort);
        settle(value);
      };
      signal.addEventListener('abort', abort);
      const by: Correspondent = {
        replied: (message) => end(resolve, message),
        lost: () => end(resolve, undefined),
        severed: (error) => end(reject, error),
      };
      this.#mailbox.post(subject, payload, by);
    });
  }
}

/** An answer in JSON; undefined if nobody was there to give one. */
export function readAnswer<Answer>({ data, headers }: NatsMessage): (Answer & { error?: ApiFailure }) | undefined {
  if (data.length === 0 && headers?.code === 503) return undefined;
  return JSON.parse(DECODER.decode(data)) as Answer & { error?: ApiFailure };
}

/** Whether the same may succeed a moment later: JetStream is starting, or has no leader. */
export function isTemporary(failure: ApiFailure | undefined): boolean {
  return failure?.code === 503 && failure.err_code !== NOT_ENABLED;
}

/** JetStream is not enabled for the account. */
const NOT_ENABLED = 10_039;
