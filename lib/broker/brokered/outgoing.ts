import type { SchedulerLike } from 'rxjs';
import { ClosedError, InvalidOptionError, OverflowError } from '../../core/errors.ts';
import { expectCount, expectOneOf, expectOptions } from '../../core/options.ts';
import { RingBuffer } from '../../core/ring-buffer.ts';
import { decideRetry } from '../../flow/retry-policy.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import type { Broker } from '../broker.ts';
import type { BrokerMessage } from '../broker-message.ts';
import type { OutgoingStats } from './brokered-bus.ts';

/** How much may wait to be published, and what happens beyond it. */
export interface OutgoingOptions {
  /** Events that were emitted and are not confirmed yet; ≥ 1, or Infinity. @defaultValue 10_000 */
  readonly capacity?: number;
  /**
   * What `emit` does without room: `fail` throws an OverflowError; `drop-newest` drops the event and returns `false`; `drop-oldest` drops the one that has waited longest. What is dropped is
   * counted in `stats().outgoing`.
   * @defaultValue 'fail'
   */
  readonly overflow?: 'drop-newest' | 'drop-oldest' | 'fail';
}

/** What the buffer needs of its bus. */
export interface OutgoingSurroundings {
  readonly broker: Broker;
  readonly scheduler: SchedulerLike;
  readonly errors: ErrorReports;
  /** The broker has these. */
  readonly onConfirmed: (messages: readonly BrokerMessage[]) => void;
  /** A message that was dropped without room. */
  readonly onDropped: (message: BrokerMessage) => void;
  /** A message that cannot be sent, now or later. */
  readonly onRefused: (message: BrokerMessage, error: unknown) => void;
  /** Messages that were not confirmed when it was closed, or its broker was; some of them may have arrived. */
  readonly onGivenUp: (messages: readonly BrokerMessage[]) => void;
  /** Called whenever nothing waits any more. */
  readonly onIdle: () => void;
}

const MAX_BATCH = 500;

const AGAIN = /* @__PURE__ */ decideRetry({ maxAttempts: Infinity, delayMs: 100, maxDelayMs: 30_000 }, Math.random);

/**
 * What was emitted, on its way to the broker: bounded, and in order. What the broker does not confirm is published again, with the same ids, until it does or the bus
 * is closed.
 */
export class Outgoing {
  readonly #options: Required<OutgoingOptions>;
  readonly #surroundings: OutgoingSurroundings;
  #waiting = new RingBuffer<BrokerMessage>();
  /** What is being published. */
  #batch: readonly BrokerMessage[] = [];
  #dropped = 0;
  #givenUp = 0;
  #isClosed = false;
  #isBrokerClosed = false;
  #isSending = false;
  #wake: (() => void) | undefined;

  constructor(options: OutgoingOptions | undefined, surroundings: OutgoingSurroundings) {
    const { capacity = 10_000, overflow = 'fail' } = expectOptions('outgoing', options) ?? {};
    expectCount('outgoing.capacity', capacity, 1, true);
    expectOneOf('outgoing.overflow', overflow, ['fail', 'drop-newest', 'drop-oldest']);
    this.#options = { capacity, overflow };
    this.#surroundings = surroundings;
  }

  get isIdle(): boolean {
    return this.#size === 0;
  }

  stats(): OutgoingStats {
    return { waiting: this.#size, capacity: this.#options.capacity, dropped: this.#dropped };
  }

  /**
   * Takes a message.
   *
   * @returns whether it was taken
   * @throws OverflowError without room, with `overflow: 'fail'`; ClosedError when its broker is closed
   */
  push(message: BrokerMessage): boolean {
    if (this.#isClosed || this.#isBrokerClosed) throw new ClosedError(`broker '${this.#surroundings.broker.name}'`);
    if (this.#size >= this.#options.capacity && !this.#makeRoom(message)) return false;
    this.#waiting.push(message);
    if (this.#isSending) return true;
    this.#isSending = true;
    // In a microtask: what is emitted in one turn goes out together.
    void Promise.resolve().then(() => this.#send());
    return true;
  }

  /** Its broker is closed: nothing more is taken, and what waits learns it from the broker, which may have confirmed what was on its way. */
  brokerClosed(): void {
    this.#isBrokerClosed = true;
    this.#wake?.();
  }

  /** Sends nothing more, and gives up what waits. @returns how many, those included that it has given up when its broker was closed */
  close(): number {
    if (this.#isClosed) return this.#givenUp;
    this.#isClosed = true;
    const left = [...this.#batch];
    this.#batch = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) left.push(next);
    this.#wake?.();
    this.#givenUp = left.length;
    if (left.length > 0) this.#surroundings.onGivenUp(left);
    return left.length;
  }

  get #size(): number {
    return this.#waiting.size + this.#batch.length;
  }

  #makeRoom(newest: BrokerMessage): boolean {
    const { capacity, overflow } = this.#options;
    if (overflow === 'fail') {
      throw new OverflowError(
        `the outgoing buffer of ${capacity}`,
        'Await publish(), which waits for the broker; raise outgoing.capacity; or choose another outgoing.overflow.',
      );
    }
    this.#dropped++;
    const oldest = overflow === 'drop-oldest' ? this.#waiting.shift() : undefined;
    this.#surroundings.onDropped(oldest ?? newest);
    return oldest !== undefined;
  }

  /** Publishes all that waits, one batch after the other, so that nothing overtakes. */
  async #send(): Promise<void> {
    while (!this.#isClosed && this.#waiting.size > 0) {
      this.#batch = this.#take();
      await this.#insist(this.#batch);
      this.#batch = [];
    }
    this.#isSending = false;
    this.#surroundings.onIdle();
  }

  #take(): readonly BrokerMessage[] {
    const batch: BrokerMessage[] = [];
    while (batch.length < MAX_BATCH && this.#waiting.size > 0) batch.push(this.#waiting.shift()!);
    return batch;
  }

  async #insist(batch: readonly BrokerMessage[]): Promise<void> {
    const { broker, errors } = this.#surroundings;
    for (let attempt = 1; !this.#isClosed; attempt++) {
      try {
        await broker.publish(batch);
        this.#surroundings.onConfirmed(batch);
        return;
      } catch (error) {
        if (this.#isClosed) return;
        // For good: there is nowhere to go.
        if (error instanceof ClosedError) return void this.close();
        if (error instanceof InvalidOptionError) return this.#sortOut(batch, error);
        errors.report('outgoing', error);
        const decision = AGAIN(attempt, error);
        await this.#pause(decision.retry ? decision.delayMs : 0);
      }
    }
  }

  /** One of them cannot be sent, and none of them was. */
  async #sortOut(batch: readonly BrokerMessage[], error: InvalidOptionError): Promise<void> {
    if (batch.length === 1) return this.#surroundings.onRefused(batch[0]!, error);
    for (const message of batch) await this.#insist([message]);
  }

  /** Ends at once when the buffer closes. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#surroundings.scheduler.schedule(() => this.#wake?.(), delayMs);
      this.#wake = () => {
        timer.unsubscribe();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
