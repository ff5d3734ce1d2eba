import { type GroupPlan, standGroup } from './group-consumer.ts';
import type { JetStreamContext } from './jet-stream-context.ts';
import type { LinkUser } from './link.ts';
import type { NatsMessage } from './nats-client.ts';
import { Pull, type PullOwner } from './pull.ts';
import { sweep } from './sweep.ts';

/** Milliseconds before a consumer is looked for again. */
const AGAIN_MS = 100;

/** Who is fed. */
export interface FeedOwner {
  /** How many more it may have in flight; 0 while it wants none. */
  readonly room: number;
  /** The place of its first delivery that is not settled; Infinity if there is none. */
  readonly firstUnsettled: number;
  take(message: NatsMessage): void;
  /** There will be no more. */
  fail(error: Error): void;
}

/** What a group's consumer gives to one member, asked for as its room allows; the consumer is made, and made again where it was if it is deleted. */
export class GroupFeed implements LinkUser, PullOwner {
  /** Milliseconds after which the server gives again what is not settled. */
  ackWaitMs = 0;
  readonly #context: JetStreamContext;
  readonly #plan: GroupPlan;
  readonly #owner: FeedOwner;
  readonly #ending = new AbortController();
  #pull: Pull | undefined;
  #position = 0;
  #isAsking = false;

  constructor(context: JetStreamContext, plan: GroupPlan, owner: FeedOwner) {
    this.#context = context;
    this.#plan = plan;
    this.#owner = owner;
  }

  /** @returns when the consumer stands */
  async open(): Promise<void> {
    await this.#stand();
    this.#ending.signal.throwIfAborted();
    this.#startPull();
    this.#context.link.attach(this);
  }

  /** There may be room. What settles in the same turn makes room for one request. */
  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    queueMicrotask(() => {
      this.#isAsking = false;
      this.#request();
    });
  }

  /** It has been given a message of this place. */
  passed(sequence: number): void {
    if (sequence > this.#position) this.#position = sequence;
  }

  /** Asks for nothing more. */
  end(why: Error): void {
    this.#ending.abort(why);
    this.#context.link.detach(this);
  }

  /** After `end`: resolves when what was on its way has come. */
  async drain(): Promise<void> {
    const pull = this.#pull;
    if (pull === undefined) return;
    const isAsking = pull.requested > 0;
    await pull.drain();
    if (isAsking && this.#context.link.isConnected) {
      await sweep(this.#context, this.#subject, (message) => this.#owner.take(message));
    }
  }

  /** Gives up what was asked for. */
  abandon(): void {
    this.#pull?.abandon();
    this.#pull = undefined;
  }

  take(message: NatsMessage): void {
    this.#owner.take(message);
  }

  dried(): void {
    this.ask();
  }

  broke(): void {
    this.abandon();
    void this.#rebuild();
  }

  reconnected(): void {
    if (this.#pull === undefined) return;
    this.#pull.abandon();
    this.#startPull();
  }

  severed(error: Error): void {
    this.#owner.fail(error);
  }

  /** Where the consumer takes requests. */
  get #subject(): string {
    const { stream, subscription } = this.#plan;
    return this.#context.api.subject(`CONSUMER.MSG.NEXT.${stream}.${subscription.group}`);
  }

  async #stand(after?: number): Promise<void> {
    const { stream, api } = this.#context;
    await stream.stand();
    for (const subject of this.#plan.subjects) stream.expectCovered(subject);
    const { position, ackWaitMs } = await standGroup(api, this.#plan, this.#ending.signal, after);
    this.passed(position);
    this.ackWaitMs = ackWaitMs;
  }

  async #rebuild(): Promise<void> {
    const { api, stream } = this.#context;
    const { signal } = this.#ending;
    try {
      await api.pause(AGAIN_MS, signal);
      if (signal.aborted || this.#pull !== undefined) return;
      stream.forget();
      await this.#stand(Math.min(this.#owner.firstUnsettled - 1, this.#position));
      if (!signal.aborted && this.#pull === undefined) this.#startPull();
    } catch (error) {
      if (!signal.aborted) this.#owner.fail(error as Error);
    }
  }

  #startPull(): void {
    const { link, scheduler, newInbox } = this.#context;
    this.#pull = new Pull(link.client, this.#subject, newInbox(), scheduler, this);
    this.ask();
  }

  #request(): void {
    const pull = this.#pull;
    if (pull === undefined || this.#ending.signal.aborted || !this.#context.link.isConnected) return;
    const room = this.#owner.room - pull.requested;
    // Few large requests; while some of one is still to come, nobody starves.
    const isWorthIt = pull.requested === 0 || room >= this.#plan.subscription.maxInFlight / 4;
    if (room > 0 && isWorthIt) pull.request(room);
  }
}
