import { BehaviorSubject, type Subscription } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerState } from '../broker/broker-stats.ts';
import { AdminSeat } from './admin-seat.ts';
import { failureOf, isRefusal, textOf, typeOf } from './failures.ts';
import type { KafkaAdmin, KafkaClient } from './kafka-client.ts';
import type { CheckedOptions } from './options.ts';

/** Milliseconds between looks whether the server is there. */
const LOOK_EVERY_MS = 2_000;
/** Milliseconds between looks while it is away; and for it to answer. */
const LOOK_AGAIN_MS = 200;
const ANSWER_MS = 3_000;
const GOODBYE_MS = 500;
/** A request that goes on by itself would be late twice: those who ask try again. */
const RETRY = { retries: 1, initialRetryTime: 50, maxRetryTime: 500 };

/** An administrator at the server, and another one when its connections fail. It says whether the server can be reached. */
export class Link {
  readonly state: BehaviorSubject<BrokerState> = new BehaviorSubject<BrokerState>('connected');
  readonly client: KafkaClient;
  /** How often the server was reached again. */
  reconnects = 0;
  readonly #options: CheckedOptions;
  readonly #seats = new Set<AdminSeat>();
  #seat: AdminSeat;
  #timer: Subscription | undefined;
  #isLooking = false;

  /** Connects once. */
  static async open(client: KafkaClient, options: CheckedOptions): Promise<Link> {
    const link = new Link(client, options);
    try {
      await link.#answer(options.connectTimeoutMs);
    } catch (error) {
      await link.close();
      throw unreachable(error, options);
    }
    link.#lookLater();
    return link;
  }

  private constructor(client: KafkaClient, options: CheckedOptions) {
    this.client = client;
    this.#options = options;
    this.#seat = this.#sit();
  }

  /** Asks the administrator; on any failure but an answer of Kafka's, another one is made for the next question. */
  async ask<Answer>(question: (admin: KafkaAdmin) => Promise<Answer>): Promise<Answer> {
    const seat = this.#seat;
    try {
      return await seat.ask(question);
    } catch (error) {
      if (typeOf(error) === undefined) this.#renew(seat);
      throw failureOf(error, `an answer of Kafka`);
    }
  }

  /** Something has failed that may be the connection: looks at once. */
  suspect(): void {
    this.#timer?.unsubscribe();
    if (this.#isLooking || this.state.value === 'closed') return;
    this.#isLooking = true;
    void this.#look().finally(() => {
      this.#isLooking = false;
      this.#lookLater();
    });
  }

  /** A server that is silent is not waited for: its connection ends when its time for an answer is over. */
  async close(): Promise<void> {
    if (this.state.value !== 'closed') {
      this.state.next('closed');
      this.state.complete();
    }
    this.#timer?.unsubscribe();
    this.#seat.giveUp();
    const gone = Promise.all(Array.from(this.#seats, async (seat) => seat.gone));
    await within(gone, GOODBYE_MS, this.#options.scheduler).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const seat = this.#seat;
    try {
      await this.#answer(ANSWER_MS);
      if (this.state.value !== 'reconnecting') return;
      this.reconnects++;
      this.state.next('connected');
    } catch {
      if (this.state.value === 'closed') return;
      this.#renew(seat);
      if (this.state.value === 'connected') this.state.next('reconnecting');
    }
  }

  async #answer(limitMs: number): Promise<void> {
    await within(
      this.#seat.ask(async (admin) => admin.describeCluster()),
      limitMs,
      this.#options.scheduler,
    );
  }

  #lookLater(): void {
    if (this.state.value === 'closed') return;
    const delayMs = this.state.value === 'connected' ? LOOK_EVERY_MS : LOOK_AGAIN_MS;
    this.#timer = this.#options.scheduler.schedule(() => this.suspect(), delayMs);
  }

  #renew(failed: AdminSeat): void {
    if (failed !== this.#seat || this.state.value === 'closed') return;
    failed.giveUp();
    this.#seat = this.#sit();
  }

  #sit(): AdminSeat {
    const seat = new AdminSeat(this.client, RETRY);
    this.#seats.add(seat);
    void seat.gone.then(() => this.#seats.delete(seat));
    return seat;
  }
}

/** Rejects when it takes too long. */
async function within<Value>(
  promise: Promise<Value>,
  ms: number,
  scheduler: CheckedOptions['scheduler'],
): Promise<Value> {
  let timer: Subscription | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = scheduler.schedule(
      () => reject(new BrokerUnavailableError(`Expected an answer of Kafka within ${ms} ms, got none.`)),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.unsubscribe();
  }
}

function unreachable(error: unknown, { connect }: CheckedOptions): BrokerUnavailableError {
  const where = connect === undefined ? 'by the client that was given' : `at ${connect.brokers.join(', ')}`;
  const remedy = isRefusal(error) ? 'See connect.sasl.' : 'See that the server is up, and connect.brokers.';
  return new BrokerUnavailableError(`Expected a connection to Kafka ${where}, got: ${textOf(error)}. ${remedy}`, {
    cause: error,
  });
}
