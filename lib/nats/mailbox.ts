import type { SchedulerLike, Subscription } from 'rxjs';
import type { Link, LinkUser } from './link.ts';
import type { NatsInterest, NatsMessage } from './nats-client.ts';
import type { HeaderBlock } from './wire.ts';

/** Milliseconds without an answer after which it is asked again. */
const ANSWER_MS = 5_000;

/** Who waits for an answer. Each letter of his ends with one of these calls. */
export interface Correspondent {
  /** The answer. */
  replied(message: NatsMessage): void;
  /** There is none, or not yet: what was sent may have arrived or not. */
  lost(): void;
  /** There will be none any more. */
  severed(error: Error): void;
}

/** A request that is on its way. */
interface Asked {
  readonly by: Correspondent;
  readonly at: number;
}

/**
 * Requests and their answers, any number at a time, on one subject. The client's own `request` has a timer and several promises for each, and answers
 * nobody whose connection is lost.
 */
export class Mailbox implements LinkUser {
  readonly #link: Link;
  readonly #scheduler: SchedulerLike;
  readonly #inbox: string;
  readonly #interest: NatsInterest;
  readonly #asked = new Map<string, Asked>();
  #count = 0;
  #timer: Subscription | undefined;

  /** @param inbox - a subject that nobody else has */
  constructor(link: Link, inbox: string, scheduler: SchedulerLike) {
    this.#link = link;
    this.#scheduler = scheduler;
    this.#inbox = `${inbox}.`;
    this.#interest = link.client.subscribe(`${inbox}.*`, { callback: (error, message) => this.#take(error, message) });
    link.attach(this);
  }

  /** While there is no connection, nothing is sent; it is lost then, as others are. */
  post(subject: string, payload: Uint8Array, by: Correspondent, headers?: HeaderBlock): void {
    if (this.#link.error !== undefined) {
      by.severed(this.#link.error);
      return;
    }
    const token = (this.#count++).toString(36);
    this.#asked.set(token, { by, at: this.#scheduler.now() });
    this.#timer ??= this.#watch();
    if (!this.#link.isConnected) return;
    const reply = this.#inbox + token;
    this.#link.client.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
  }

  reconnected(): void {
    this.#giveUp(Infinity);
  }

  severed(error: Error): void {
    this.#timer?.unsubscribe();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { by } of asked) by.severed(error);
  }

  /** Whoever still waits is told why it ends. */
  close(error: Error): void {
    this.#link.detach(this);
    if (!this.#link.client.isClosed()) this.#interest.unsubscribe();
    this.severed(error);
  }

  #take(error: Error | null, message: NatsMessage): void {
    // The server does not let this user listen here: whoever asks waits in vain, and says so.
    if (error !== null) return;
    const token = message.subject.slice(this.#inbox.length);
    const asked = this.#asked.get(token);
    if (asked === undefined) return;
    this.#asked.delete(token);
    asked.by.replied(message);
  }

  #watch(): Subscription {
    return this.#scheduler.schedule(() => {
      this.#giveUp(this.#scheduler.now() - ANSWER_MS);
      this.#timer = this.#asked.size > 0 ? this.#watch() : undefined;
    }, ANSWER_MS / 5);
  }

  /** They were asked in this order. */
  #giveUp(before: number): void {
    const lost: Correspondent[] = [];
    for (const [token, { by, at }] of this.#asked) {
      if (at > before) break;
      this.#asked.delete(token);
      lost.push(by);
    }
    for (const by of lost) by.lost();
  }
}
