import type { Subscription } from 'rxjs';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { DeliveryLostError } from '../broker/delivery-lost-error.ts';
import type { SettleOnce } from '../broker/settle-once.ts';
import type { Held } from './channel-life.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { deadQueueOf } from './topology.ts';
import { again, type Outbound } from './wire.ts';

/** Milliseconds before a message is tried again that could not be given up. */
const STUCK_MS = 1_000;

/** How deliveries of a group go back: in place, through a queue where they wait, or to the dead letters. What is published again is acknowledged after its confirm. */
export class HandBack {
  readonly #around: SubscriptionSurroundings;
  readonly #subscription: CheckedSubscription;
  readonly #queue: string;
  readonly #transfers = new Set<Promise<void>>();
  readonly #timers = new Set<Subscription>();

  constructor(around: SubscriptionSurroundings, subscription: CheckedSubscription) {
    this.#around = around;
    this.#subscription = subscription;
    this.#queue = around.topology.queueOf(subscription.group);
  }

  /** Whether a message has been delivered more often than it may be. Its consumer has died with it. */
  isExhausted(deliveryCount: number): boolean {
    const { deadLetter } = this.#subscription;
    return deadLetter !== undefined && deliveryCount > deadLetter.maxDeliveries;
  }

  /** @throws DeliveryLostError when its channel ends meanwhile */
  async nack(delivery: SettleOnce<Held>, delayMs: number): Promise<void> {
    if (this.isExhausted(delivery.deliveryCount + 1)) return this.giveUp(delivery, delivery.deliveryCount);
    if (delayMs === 0) return this.#requeue(delivery);
    if (this.#waitsInMemory) return this.#later(delivery, delayMs);
    return this.#transfer(delivery, async () => this.#delay(delivery, delayMs));
  }

  /** Publishes a message to the dead letters; where nobody is subscribed to them, to a queue of their own. */
  async giveUp(delivery: SettleOnce<Held>, deliveries: number): Promise<void> {
    const { group, deadLetter } = this.#subscription;
    const { message, tag } = delivery;
    const { topic } = deadLetter!;
    const headers = {
      'dead-letter-topic': message.topic,
      'dead-letter-group': group,
      'dead-letter-deliveries': String(deliveries),
    };
    const letter = { ...message, topic };
    await this.#transfer(delivery, async () => {
      const published = again(tag.raw, letter, { routingKey: topic, headers });
      if (await this.#publish(delivery, this.#around.topology.exchange, published)) return;
      await this.#publish(
        delivery,
        '',
        again(tag.raw, letter, { routingKey: deadQueueOf(this.#queue), headers, keepsTopic: true }),
      );
    }).catch((error: unknown) => {
      if (error instanceof DeliveryLostError) throw error;
      this.#later(delivery, STUCK_MS);
    });
  }

  /** Resolves when nothing is on its way any more; what waits in memory goes back with its channel. */
  async settled(): Promise<void> {
    for (const timer of this.#timers) timer.unsubscribe();
    while (this.#transfers.size > 0) await Promise.allSettled(this.#transfers);
  }

  get #waitsInMemory(): boolean {
    const { manage, inTurn } = this.#around.options;
    return !manage || inTurn || this.#subscription.isEphemeral;
  }

  async #requeue(delivery: SettleOnce<Held>): Promise<void> {
    const { topology, options } = this.#around;
    // Where the queue does not count, the message does: that costs it its place.
    if (options.inTurn || topology.countsDeliveries(this.#subscription.isEphemeral)) {
      requeueInPlace(delivery);
      return;
    }
    const { message, deliveryCount: deliveries, tag } = delivery;
    await this.#transfer(delivery, async () => {
      await this.#publish(
        delivery,
        '',
        again(tag.raw, message, { routingKey: this.#queue, deliveries, keepsTopic: true }),
      );
    });
  }

  #later(delivery: SettleOnce<Held>, delayMs: number): void {
    const timer = this.#around.options.scheduler.schedule(() => {
      this.#timers.delete(timer);
      // Lost, if its channel is.
      this.#requeue(delivery).catch(() => undefined);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #delay(delivery: SettleOnce<Held>, delayMs: number): Promise<void> {
    const { message, deliveryCount: deliveries, tag } = delivery;
    const { delayQueues } = this.#around;
    const send = async (): Promise<boolean> => {
      const routingKey = await delayQueues.queueFor(this.#queue, delayMs);
      const { properties, ...rest } = again(tag.raw, message, { routingKey, deliveries, keepsTopic: true });
      return this.#publish(delivery, '', {
        ...rest,
        properties: { ...properties, expiration: String(Math.ceil(delayMs)) },
      });
    };
    if (await send()) return;
    // Somebody has deleted it.
    delayQueues.forget(this.#queue);
    if (!(await send())) throw new Error(`The queue for delays of '${this.#queue}' was deleted.`);
  }

  /** @returns whether it was routed */
  async #publish({ tag }: SettleOnce<Held>, exchange: string, published: Outbound): Promise<boolean> {
    const { publisher } = this.#around;
    const [receipt] = await publisher.publish([published], exchange, tag.life.signal);
    return receipt!.isRouted === true;
  }

  /** Acknowledges a message after it is elsewhere: a crash between the two repeats it, and loses nothing. */
  #transfer(delivery: SettleOnce<Held>, publish: () => Promise<void>): Promise<void> {
    const { life, raw } = delivery.tag;
    const transfer = publish().then(
      () => void life.window.ack(raw),
      (error: unknown) => {
        if (!life.signal.aborted) {
          requeueInPlace(delivery);
          throw error;
        }
        throw new DeliveryLostError(delivery.message.id, 'its channel was lost', { cause: error });
      },
    );
    this.#transfers.add(transfer);
    const end = (): unknown => this.#transfers.delete(transfer);
    transfer.then(end, end);
    return transfer;
  }
}

function requeueInPlace({ tag: { life, raw } }: SettleOnce<Held>): void {
  if (life.window.open.delete(raw.fields.deliveryTag!)) life.channel.nack(raw, false, true);
}
