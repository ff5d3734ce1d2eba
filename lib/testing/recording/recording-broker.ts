/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import type { Broker, BrokerPublishOptions } from '../../broker/broker.ts';
import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import type { BrokerLetterStore } from '../../broker/broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from '../../broker/broker-message.ts';
import type { BrokerState, BrokerStats } from '../../broker/broker-stats.ts';
import type { BrokerSubscription, SubscribeOptions } from '../../broker/broker-subscription.ts';
import { checkedMessage } from '../../broker/check-message.ts';
import { memoryBroker } from '../../broker/memory-broker.ts';
import { ClosedError } from '../../core/errors.ts';
import { expectFunction } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';
import { RecordedSubscription } from './recorded-subscription.ts';
import { pass } from '../script/pass.ts';
import { Script, type ScriptStep } from '../script/script.ts';

/** Options of {@link recordingBroker}. */
export interface RecordingBrokerOptions {
  /** What is recorded; it is closed with its recorder. @defaultValue a `memoryBroker()` */
  readonly broker?: Broker;
  /**
   * What calls of `publish` come to, in the words of `flaky`: `ok` publishes, `x` refuses, `ok\@20ms` and `x\@20ms` do so after a while, `hang` only ends when
   * the signal is aborted or the broker closes. The last word goes for all further calls.
   * @defaultValue 'ok'
   */
  readonly publishing?: string;
  /** What a refused call rejects with. @defaultValue an Error that names the call */
  readonly error?: (call: number) => unknown;
  /** Times the delays, and the broker in memory. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** A delivery that was settled. */
export interface RecordedSettlement {
  /** What was delivered. */
  readonly message: BrokerMessage;
  /** To which group. */
  readonly group: string;
  /** How often the group had been given it by then. */
  readonly deliveryCount: number;
  /** The delay that `nack` was given. */
  readonly delayMs?: number;
}

/** A broker that remembers. */
export interface RecordingBroker extends Broker {
  /** What was published and confirmed, in the order of the confirmations. */
  readonly published: readonly BrokerMessage[];
  /** What was not: by the script, the signal, or the broker itself. */
  readonly refused: readonly BrokerMessage[];
  /** What its subscriptions have acknowledged. */
  readonly acked: readonly RecordedSettlement[];
  /** What its subscriptions have handed back by `nack()`. */
  readonly nacked: readonly RecordedSettlement[];
}

/**
 * A broker for tests, usable wherever a broker is: it works as the one behind it does, remembers what was published and settled, and refuses or delays
 * publishing by script.
 *
 * @throws InvalidOptionError for an option that cannot work, or a script with an unknown word
 *
 * @example
 * ```ts
 * import { recordingBroker } from 'millrace/testing';
 *
 * await using broker = recordingBroker({ publishing: 'x ok' });
 * const message = { id: 'e1', topic: 'user.signed_up', body: new Uint8Array(), headers: {} };
 * await broker.publish(message).catch(() => broker.publish(message)); // refused, then tried again
 * console.assert(broker.published.length === 1 && broker.refused.length === 1);
 * ```
 */
export function recordingBroker(options: RecordingBrokerOptions = {}): RecordingBroker {
  return new Recorder(expectKnownOptions('recordingBroker', options, ['broker', 'publishing', 'error', 'scheduler']));
}

class Recorder implements RecordingBroker {
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  readonly states: Observable<BrokerState>;
  readonly published: BrokerMessage[] = [];
  readonly refused: BrokerMessage[] = [];
  readonly acked: RecordedSettlement[] = [];
  readonly nacked: RecordedSettlement[] = [];
  readonly #broker: Broker;
  readonly #script: Script;
  readonly #error: (call: number) => unknown;
  readonly #scheduler: SchedulerLike;
  readonly #closing = new AbortController();
  #calls = 0;

  constructor({
    scheduler = asyncScheduler,
    broker = memoryBroker({ scheduler, name: 'recording' }),
    publishing = 'ok',
    error = (call) => new Error(`Call ${call} of publish was refused, as its script says.`),
  }: RecordingBrokerOptions) {
    this.name = broker.name;
    this.capabilities = broker.capabilities;
    this.states = broker.states;
    this.#broker = broker;
    this.#script = new Script(publishing);
    this.#error = expectFunction('error', error, true);
    this.#scheduler = scheduler;
  }

  async publish(
    messages: BrokerMessage | readonly BrokerMessage[],
    options: BrokerPublishOptions = {},
  ): Promise<readonly PublishReceipt[]> {
    const now = this.#scheduler.now();
    // Copies, since the publisher may go on with the originals.
    const copies = [messages].flat().map((message) => checkedMessage(message, now));
    try {
      await this.#play(this.#script.next(), ++this.#calls, options.signal);
      const receipts = await this.#broker.publish(copies, options);
      this.published.push(...copies);
      return receipts;
    } catch (error) {
      this.refused.push(...copies);
      throw error;
    }
  }

  subscribe(options: SubscribeOptions): BrokerSubscription {
    const subscription = this.#broker.subscribe(options);
    const { group } = options;
    return new RecordedSubscription(subscription, {
      acked: ({ message, deliveryCount }, publish = []) => {
        this.acked.push({ message, group, deliveryCount });
        this.published.push(...publish);
      },
      nacked: ({ message, deliveryCount }, delayMs) => {
        this.nacked.push({ message, group, deliveryCount, ...(delayMs !== undefined && { delayMs }) });
      },
    });
  }

  letterStore(name: string): BrokerLetterStore {
    return this.#broker.letterStore(name);
  }

  stats(): BrokerStats {
    return this.#broker.stats();
  }

  close(): Promise<void> {
    this.#closing.abort(new ClosedError(`broker '${this.name}'`));
    return this.#broker.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #play({ word, delayMs }: ScriptStep, call: number, signal?: AbortSignal): Promise<void> {
    this.#closing.signal.throwIfAborted();
    signal?.throwIfAborted();
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    if (word === 'hang' || delayMs !== undefined) await pass(delayMs, signals, this.#scheduler, () => {});
    if (word === 'x') throw this.#error(call);
  }
}
