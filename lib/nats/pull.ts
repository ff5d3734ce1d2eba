import type { SchedulerLike, Subscription } from 'rxjs';
import type { NatsClient, NatsInterest, NatsMessage } from './nats-client.ts';

/** Milliseconds that a request waits at the server. */
const EXPIRES_MS = 30_000;
/** Milliseconds between signs of life while it waits. */
const HEARTBEAT_MS = 2_000;

const NANOSECONDS = 1_000_000;
const ENCODER = /* @__PURE__ */ new TextEncoder();

/** Who is given what a pull brings. */
export interface PullOwner {
  take(message: NatsMessage): void;
  /** A request has ended with less than it was for. */
  dried(): void;
  /** The requests are gone: the consumer is, or the server does not answer. */
  broke(): void;
}

/** Requests for messages on one subject of its own, until that is given up with all that it has asked for. */
export class Pull {
  readonly #client: NatsClient;
  readonly #subject: string;
  readonly #inbox: string;
  readonly #scheduler: SchedulerLike;
  readonly #owner: PullOwner;
  readonly #interest: NatsInterest;
  #requested = 0;
  #isOver = false;
  #heardAt: number;
  #timer: Subscription | undefined;

  /**
   * @param subject - where the consumer takes requests
   * @param inbox - a subject that nobody else has
   */
  constructor(client: NatsClient, subject: string, inbox: string, scheduler: SchedulerLike, owner: PullOwner) {
    this.#client = client;
    this.#subject = subject;
    this.#inbox = inbox;
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#heardAt = scheduler.now();
    this.#interest = client.subscribe(inbox, { callback: (error, message) => this.#receive(error, message) });
  }

  /** How many messages it has asked for that have not come. */
  get requested(): number {
    return this.#requested;
  }

  request(batch: number): void {
    const options = { batch, expires: EXPIRES_MS * NANOSECONDS, idle_heartbeat: HEARTBEAT_MS * NANOSECONDS };
    if (this.#requested === 0) this.#heardAt = this.#scheduler.now();
    this.#requested += batch;
    this.#client.publish(this.#subject, ENCODER.encode(JSON.stringify(options)), { reply: this.#inbox });
    this.#timer ??= this.#watch();
  }

  /** Gives up what it has asked for: the server drops requests that nobody listens for. */
  abandon(): void {
    this.#end();
    if (!this.#client.isClosed()) this.#interest.unsubscribe();
  }

  /** The same; but what is on its way still comes. */
  async drain(): Promise<void> {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    if (!this.#client.isClosed()) await this.#interest.drain().catch(() => undefined);
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#requested = 0;
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  #receive(error: Error | null, message: NatsMessage): void {
    if (this.#isOver) return;
    this.#heardAt = this.#scheduler.now();
    if (error !== null) this.#owner.broke();
    else if (message.subject === this.#inbox) this.#status(message);
    else {
      if (this.#requested > 0) this.#requested--;
      this.#owner.take(message);
    }
  }

  /** Messages without a body say how a request goes. */
  #status({ headers }: NatsMessage): void {
    const code = headers?.code;
    if (code === 100) return;
    const unmet = Number(headers?.get('Nats-Pending-Messages') ?? 0);
    const isExpiry = (code === 408 || code === 409) && unmet > 0;
    if (!isExpiry) {
      this.#owner.broke();
      return;
    }
    this.#requested = Math.max(0, this.#requested - unmet);
    this.#owner.dried();
  }

  /** A server that has forgotten the consumer may say nothing at all. */
  #watch(): Subscription {
    return this.#scheduler.schedule(() => {
      this.#timer = undefined;
      if (this.#requested === 0) return;
      if (this.#isSilent()) void this.#ask();
      else this.#timer = this.#watch();
    }, HEARTBEAT_MS);
  }

  /** If this process was busy, what the server has said waits to be read, before its answer. */
  async #ask(): Promise<void> {
    await this.#client.flush().catch(() => undefined);
    if (this.#isOver || this.#requested === 0) return;
    if (this.#isSilent()) this.#owner.broke();
    else this.#timer ??= this.#watch();
  }

  #isSilent(): boolean {
    return this.#scheduler.now() - this.#heardAt > 2.5 * HEARTBEAT_MS;
  }
}
