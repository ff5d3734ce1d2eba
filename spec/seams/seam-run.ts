import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, BrokerDelivery, BrokerMessage, BrokerSubscription, SubscribeOptions } from 'millrace';
import { ClosedError, InvalidOptionError } from 'millrace';
import { Ledger, type SeamReport } from './ledger.ts';
import type { BrokerRig, ClientWishes, OutsideView } from './rig.ts';

/** What a consumer does with a delivery, before it is acknowledged. */
type Handle = (delivery: BrokerDelivery, number: number) => Promise<void> | void;

/** One run of a seam: names of its own, its books, and the time that it may take. */
export class SeamRun {
  readonly rig: BrokerRig;
  readonly ledger = new Ledger();
  readonly topic: string;
  readonly group: string;
  readonly #prefix = `seam-${randomBytes(4).toString('hex')}`;
  readonly #scale: number;
  readonly #deadline: number;
  readonly #ends: (() => unknown)[] = [];
  #view: OutsideView | undefined;
  /** Of a loop or a handler. */
  #failure: { readonly error: unknown } | undefined;

  /** @param scale - 1 for the full sizes, 10,000 messages a seam */
  constructor(rig: BrokerRig, scale: number, limitMs: number) {
    this.rig = rig;
    this.#scale = scale;
    this.#deadline = Date.now() + limitMs;
    this.topic = `${this.#prefix}.orders`;
    this.group = `${this.#prefix}-workers`;
  }

  /** Whether it has the full sizes. */
  get isFull(): boolean {
    return this.#scale >= 1;
  }

  /** How many of `full` this run has. */
  count(full: number): number {
    return Math.max(20, Math.ceil(full * this.#scale));
  }

  /** A message that says which it is, to anybody. */
  message(number: number, changes: Partial<BrokerMessage> = {}): BrokerMessage {
    return {
      id: this.idOf(number),
      topic: this.topic,
      body: new TextEncoder().encode(String(number)),
      headers: { 'seam-number': String(number), text: 'Größe, 大きさ, 🌊' },
      key: `key-${number % 16}`,
      ...changes,
    };
  }

  /** Something to be ended with the run, the last first. */
  onClose(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Another client. */
  async open(wishes?: ClientWishes): Promise<Broker> {
    const broker = await this.rig.open(wishes);
    this.onClose(() => broker.close());
    return broker;
  }

  /** Closes what the run has opened, with a server and a network that work again. */
  async close(): Promise<void> {
    this.rig.network.restore();
    await this.rig.start();
    for (const end of this.#ends.toReversed()) await end();
  }

  /** The id of a message, also when it is published again. */
  idOf(number: number): string {
    return `${this.#prefix}-${number}`;
  }

  /** Looks on from now on. */
  async watch(): Promise<void> {
    const view = await this.rig.watch(this.topic);
    this.#view = view;
    this.onClose(() => view.close());
  }

  /** Consumes with a group, and books what it has handled before it is acknowledged. */
  async consume(
    broker: Broker,
    handle: Handle = () => undefined,
    options: Partial<SubscribeOptions> = {},
  ): Promise<BrokerSubscription> {
    const subscription = broker.subscribe({ topics: this.topic, group: this.group, maxInFlight: 64, ...options });
    await subscription.ready;
    this.#read(subscription, handle).catch((error: unknown) => (this.#failure ??= { error }));
    return subscription;
  }

  /** Publishes messages through the port. */
  publishAll(
    broker: Broker,
    numbers: readonly number[],
    change: (number: number) => Partial<BrokerMessage> = () => ({}),
  ): Promise<void> {
    return this.confirmAll(numbers, (number) => broker.publish(this.message(number, change(number))));
  }

  /** Sends messages by ten publishers at once, each again and again, with its id, until it is confirmed. */
  async confirmAll(numbers: readonly number[], send: (number: number) => Promise<unknown>): Promise<void> {
    const left = numbers.values();
    const work = async (): Promise<void> => {
      for (const number of left) {
        while (!(await isConfirmed(send(number)))) await sleep(20);
        this.ledger.confirmed.add(number);
      }
    };
    await this.within(Promise.all(Array.from({ length: 10 }, work)), () => `${this.ledger.confirmed.size} confirmed`);
  }

  /** Waits until something is so. */
  async until(isReached: () => boolean, describe: () => string): Promise<void> {
    while (!isReached()) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (Date.now() > this.#deadline) throw new Error(`Expected ${describe()} within the time of a seam.`);
      await sleep(5);
    }
  }

  /** Waits for a promise, and says how far it has come if that takes too long. */
  async within<Value>(promise: Promise<Value>, describe: () => string): Promise<Value> {
    let isOver = false;
    const over = promise.finally(() => (isOver = true));
    await Promise.race([
      over,
      this.until(
        () => isOver,
        () => `an end, got ${describe()}`,
      ),
    ]);
    return promise;
  }

  /** Waits until all that was confirmed is handled or dead. */
  async settled(): Promise<void> {
    await this.until(
      () => this.ledger.missing.length === 0,
      () => `all of ${this.ledger.confirmed.size} to be handled or dead, got all but ${this.ledger.missing.length}`,
    );
  }

  /** The books, checked, and cross-checked from outside. */
  async report(): Promise<SeamReport> {
    if (this.#view === undefined) throw new Error('Expected somebody to look on.');
    const bodies = await this.within(this.#view.bodies(), () => 'no answer from outside');
    return this.ledger.report(bodies.map((body) => /\d+/u.exec(body)?.[0] ?? body));
  }

  async #read(subscription: BrokerSubscription, handle: Handle): Promise<void> {
    for await (const delivery of subscription) {
      this.#work(delivery, handle).catch((error: unknown) => (this.#failure ??= { error }));
    }
  }

  async #work(delivery: BrokerDelivery, handle: Handle): Promise<void> {
    const number = Number(delivery.message.headers['seam-number']);
    await handle(delivery, number);
    // Its work is done, whatever comes of the acknowledgement: if that is lost, the message comes again, and is a repeat.
    this.ledger.handle(number);
    await delivery.ack().catch(() => undefined);
  }
}

async function isConfirmed(sending: Promise<unknown>): Promise<boolean> {
  try {
    await sending;
    return true;
  } catch (error) {
    // Anything else is the broker's way to say that it does not know.
    if (error instanceof InvalidOptionError || error instanceof ClosedError) throw error;
    return false;
  }
}
