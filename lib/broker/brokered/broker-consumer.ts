/// <reference lib="esnext.disposable" preserve="true" />
import { firstValueFrom, map, race, type SchedulerLike, timer } from 'rxjs';
import type { EventSubscription } from '../../bus/event-subscription.ts';
import type { DeadLetterReason } from '../../core/dead-letter.ts';
import { MillraceError } from '../../core/errors.ts';
import type { CreateId } from '../../core/ids.ts';
import type { EventMessage } from '../../core/message.ts';
import type { Settlement } from '../../core/outcome.ts';
import { expectDelay } from '../../core/options.ts';
import { isPromiseLike } from '../../core/schema.ts';
import type { DecideRetry } from '../../flow/retry-policy.ts';
import { Engine } from '../../process/engine.ts';
import type { EngineSurroundings } from '../../process/engine-surroundings.ts';
import type { Handler } from '../../process/handler.ts';
import type { ProcessorOptions } from '../../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../../process/stats.ts';
import type { BrokerDelivery } from '../broker-delivery.ts';
import type { BrokerMessage } from '../broker-message.ts';
import type { BrokerSubscription } from '../broker-subscription.ts';
import { DeliveryLostError } from '../delivery-lost-error.ts';
import { Arrival, ArrivedMessage } from './arrival.ts';
import { ConsumerLetters } from './consumer-letters.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** What a consumer is made of. */
export interface BrokerConsumerOptions {
  readonly name: string;
  readonly handler: Handler<EventMessage>;
  readonly engine: ProcessorOptions<EventMessage> & { readonly scheduler: SchedulerLike };
  readonly surroundings: Omit<EngineSurroundings<EventMessage>, 'handsBack' | 'letters' | 'name' | 'supply'>;
  readonly subscription: BrokerSubscription;
  readonly matches: (type: string) => boolean;
  readonly decode: (arrival: Arrival) => EventMessage | Promise<EventMessage>;
  /** The same of whatever it is, for its letter. */
  readonly peek: (arrival: Arrival) => EventMessage;
  readonly createId: CreateId;
  /** Decides, by how often an event was delivered, whether it is delivered again. */
  readonly decideRedelivery: DecideRetry | undefined;
  /** Deliveries after which an event is dead without being handled: whatever handled it before did not survive it. */
  readonly maxDeliveries: number;
  readonly leases: LeaseKeeper | undefined;
  /** Publishes what a transactional handler has sent of an event that came back from the dead letters: there is nothing to acknowledge. */
  readonly publishOutputs: (outputs: readonly BrokerMessage[]) => Promise<void>;
  /** Whether it takes the next event only. */
  readonly isOnce: boolean;
}

/** One handler of a brokered bus: takes what its durable consumer is given through an engine, and settles it then. */
export class BrokerConsumer implements EventSubscription {
  readonly name: string;
  readonly engine: Engine<EventMessage>;
  readonly matches: (type: string) => boolean;
  /** Deliveries that were lost before they were settled. */
  lost = 0;
  /** Messages that were no events for it. */
  invalid = 0;
  readonly #options: BrokerConsumerOptions;
  readonly #loop: AsyncIterator<BrokerDelivery, undefined>;
  readonly #letters: ConsumerLetters;
  readonly #disconnect: () => void;
  /** Deliveries that are being settled. */
  #settling = 0;
  /** A delivery that is being made an event, or a letter, of. */
  #taking: Promise<void> | undefined;
  /** Events that its engine was given. */
  #taken = 0;
  #onSettled: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: BrokerConsumerOptions) {
    const { name, handler, engine, surroundings, subscription, matches } = options;
    const { deadLetters, errors, onClosed } = surroundings;
    const { scheduler } = engine;
    this.name = name;
    this.matches = matches;
    this.#options = options;
    const letters = new ConsumerLetters({
      ...options,
      deadLetters,
      errors,
      scheduler,
      engine: () => this.engine,
      onRefused: (letter) => surroundings.watch.refused(letter, this.engine.part),
    });
    this.#letters = letters;
    this.engine = new Engine(handler, engine, {
      ...surroundings,
      name,
      letters: letters.sink,
      handsBack: (event, reason, error) => this.#handsBack(event, reason, error),
      onClosed: () => {
        void this.end();
        onClosed?.();
      },
    });
    // Instead of its engine, since letters that come back are checked again.
    this.#disconnect = deadLetters.connect(letters, name);
    this.#loop = subscription[Symbol.asyncIterator]();
    // Whoever waits for the bus to be ready is told; the loop ends with the same error.
    subscription.ready.catch(() => undefined);
    void this.#read();
  }

  /** Resolves when what is published from now on comes to it. */
  get ready(): Promise<void> {
    return this.#options.subscription.ready;
  }

  get closed(): boolean {
    return this.engine.isClosed;
  }

  /** Whether nothing is pending, and all that has ended is settled. */
  get isIdle(): boolean {
    return this.engine.isIdle && this.#settling === 0 && this.#taking === undefined;
  }

  unsubscribe(): void {
    this.engine.close();
  }

  pause(): void {
    this.engine.pause();
  }

  resume(): void {
    this.engine.resume();
  }

  stats(): ProcessorStats {
    return this.engine.stats();
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    this.stopReading();
    // The deadline is given once more to schemas and stores that take their time.
    if (this.#taking !== undefined) await this.#within(this.#taking, options?.deadlineMs);
    const report = await this.engine.drain(options);
    await this.end();
    return report;
  }

  /** Takes nothing more from its broker. */
  stopReading(): void {
    void this.#loop.return?.();
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** Waits until all that has ended is settled, then leaves: what is not comes again. */
  end(): Promise<void> {
    return (this.#ended ??= this.#leave());
  }

  async #leave(): Promise<void> {
    const { subscription, surroundings, leases } = this.#options;
    this.#disconnect();
    this.stopReading();
    try {
      if (this.#settling > 0) await new Promise<void>((resolve) => (this.#onSettled = resolve));
      await subscription.close();
    } catch (error) {
      surroundings.errors.report('broker', error, this.name);
    } finally {
      leases?.close();
    }
  }

  async #read(): Promise<void> {
    const { isOnce, surroundings } = this.#options;
    try {
      for (let next = await this.#loop.next(); next.done !== true; next = await this.#loop.next()) {
        const taking = this.#take(next.value);
        if (taking !== undefined) await this.#finishTaking(taking);
        if (isOnce && this.#taken > 0) return void this.drain();
      }
    } catch (error) {
      // It has given the subscription up: nothing more comes, and what came is finished.
      surroundings.errors.report('broker', error, this.name);
      void this.drain();
    }
  }

  async #finishTaking(taking: Promise<void>): Promise<void> {
    this.#taking = taking;
    await taking;
    this.#taking = undefined;
    if (this.isIdle) this.#options.surroundings.onIdle?.();
  }

  /** In the order in which they come, also where a schema takes its time. */
  #take(delivery: BrokerDelivery): Promise<void> | undefined {
    const { leases, maxDeliveries, decode } = this.#options;
    const arrival = new Arrival(delivery.message, delivery);
    leases?.keep(delivery);
    if (delivery.deliveryCount > maxDeliveries) {
      return this.#refuse(arrival, 'exhausted', poison(delivery, maxDeliveries));
    }
    try {
      const event = decode(arrival);
      if (!isPromiseLike(event)) return this.#handOver(event, delivery);
      return Promise.resolve(event).then(
        (decoded) => this.#handOver(decoded, delivery),
        (error: unknown) => this.#refuse(arrival, 'invalid', error),
      );
    } catch (error) {
      return this.#refuse(arrival, 'invalid', error);
    }
  }

  #handOver(event: EventMessage, delivery: BrokerDelivery): undefined {
    this.#taken++;
    this.engine.submit(event, (settlement) => this.#settle(event, delivery, settlement), undefined);
  }

  /** Makes a dead letter of what no handler is given, and acknowledges it when the letter is safe. */
  async #refuse(arrival: Arrival, reason: DeadLetterReason, error: unknown): Promise<void> {
    const { peek } = this.#options;
    if (reason === 'invalid') this.invalid++;
    await this.#letters.write(peek(arrival), reason, error, 0);
    this.#follow(arrival.delivery!, arrival.delivery!.ack());
  }

  /** What is abandoned, lost, or may be delivered again goes back to the broker; but what came back from the dead letters came from nowhere else. */
  #handsBack(event: EventMessage, reason: DeadLetterReason, error: unknown): boolean {
    const { decideRedelivery } = this.#options;
    const arrival = ArrivedMessage.arrivalOf(event);
    if (arrival?.delivery === undefined) return false;
    if (reason === 'abandoned' || arrival.delivery.isOver) return true;
    if (decideRedelivery === undefined || (reason !== 'exhausted' && reason !== 'timeout')) return false;
    const decision = decideRedelivery(arrival.delivery.deliveryCount, error);
    if (decision.retry) arrival.redeliverAfterMs = decision.delayMs;
    return decision.retry;
  }

  #settle(event: EventMessage, delivery: BrokerDelivery, { outcome, reason }: Settlement): void {
    // It has closed before the event was taken: what is unsettled when it leaves comes again.
    if (outcome === 'rejected') return this.#options.leases?.letGo(delivery);
    const { redeliverAfterMs, outputs } = ArrivedMessage.arrivalOf(event)!;
    if (reason === 'handed-back') this.#follow(delivery, delivery.nack({ delayMs: redeliverAfterMs }));
    // What an event has led to that is dead, or dropped, is nothing.
    else if (outcome !== 'handled' || outputs.length === 0) this.#follow(delivery, delivery.ack());
    else this.#follow(delivery, ackWith(delivery, outputs));
  }

  #follow(delivery: BrokerDelivery, settled: Promise<void>): void {
    this.#options.leases?.letGo(delivery);
    this.#settling++;
    settled.then(this.#settled, this.#notSettled);
  }

  readonly #settled = (): void => {
    if (--this.#settling > 0) return;
    this.#onSettled?.();
    this.#options.surroundings.onIdle?.();
  };

  readonly #notSettled = (error: unknown): void => {
    if (error instanceof DeliveryLostError) this.lost++;
    else this.#options.surroundings.errors.report('broker', error, this.name);
    this.#settled();
  };

  /** Waits for some work, for as long as it may take. */
  #within(work: Promise<void>, deadlineMs: number | undefined): Promise<void> {
    if (deadlineMs === undefined) return work;
    return firstValueFrom(
      race(
        work,
        timer(expectDelay('deadlineMs', deadlineMs), this.#options.engine.scheduler).pipe(map(() => undefined)),
      ),
    );
  }
}

/** What was refused, and not lost, goes back: it comes again, and has a letter at last. */
async function ackWith(delivery: BrokerDelivery, outputs: readonly BrokerMessage[]): Promise<void> {
  try {
    await delivery.ack({ publish: outputs });
  } catch (error) {
    if (!delivery.isOver) await delivery.nack();
    throw error;
  }
}

function poison({ message, deliveryCount }: BrokerDelivery, maxDeliveries: number): MillraceError {
  return new MillraceError(
    'EXHAUSTED',
    `Expected message '${message.id}' to be settled within ${maxDeliveries} deliveries, got delivery ${deliveryCount}. Its handler may not survive it: look at the letter, mend the handler, then redrive it.`,
  );
}
