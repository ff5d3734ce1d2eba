import type { SchedulerLike, Subscription } from 'rxjs';
import { BrokerUnavailableError } from './broker-errors.ts';
import type { PublishReceipt } from './broker-message.ts';
import { ClosedError, MillraceError } from '../core/errors.ts';
import { whenAborted } from '../core/when-aborted.ts';
import { PublishCall } from './publish-call.ts';

/** What calls of `publish` have in common. */
export interface PublishLimits {
  /** The broker's name. */
  readonly name: string;
  readonly publishTimeoutMs: number;
  readonly scheduler: SchedulerLike;
}

/** The calls of `publish` that have not ended, each with its time and its signal. */
export class PublishCalls {
  readonly #server: string;
  readonly #limits: PublishLimits;
  readonly #open = new Set<PublishCall>();
  #timer: Subscription | undefined;

  /** @param server - names it in errors, such as `'RabbitMQ'` */
  constructor(server: string, limits: PublishLimits) {
    this.#server = server;
    this.#limits = limits;
  }

  /** Messages that are not confirmed yet. */
  get size(): number {
    let size = 0;
    for (const { left } of this.#open) size += left;
    return size;
  }

  /** @param send - sends its messages, some time */
  open(
    size: number,
    signal: AbortSignal | undefined,
    send: (call: PublishCall) => void,
  ): Promise<readonly PublishReceipt[]> {
    const { scheduler, publishTimeoutMs } = this.#limits;
    const call = new PublishCall(size, scheduler.now() + publishTimeoutMs, (ended) => {
      this.#open.delete(ended);
      takeBack?.();
    });
    const takeBack = signal && whenAborted(signal, () => call.fail(signal.reason));
    this.#open.add(call);
    this.#timer ??= this.#watch(call);
    send(call);
    return call.promise;
  }

  /** What is said of a call that was sent, and is not waited for any longer. */
  unknown(): MillraceError {
    return new MillraceError(
      'OUTCOME_UNKNOWN',
      `Expected ${this.#server} to confirm within publishTimeoutMs, ${this.#limits.publishTimeoutMs} ms, and before close(), got no answer. It is unknown what it has. Publish again with the same ids.`,
    );
  }

  failAll(error: unknown): void {
    for (const call of this.#open) call.fail(error);
  }

  /** Waits for what was sent, if it can still be confirmed; refuses the rest. */
  async close(isConnected: boolean): Promise<void> {
    const error = new ClosedError(`broker '${this.#limits.name}'`);
    for (const call of this.#open) {
      if (!call.isSent) call.fail(error);
      else if (!isConnected) call.fail(this.unknown());
    }
    await Promise.allSettled(Array.from(this.#open, async ({ promise }) => promise));
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  /** All calls have the same time, so the oldest is the first whose time is over. */
  #watch({ deadline }: PublishCall): Subscription {
    const { scheduler } = this.#limits;
    return scheduler.schedule(
      () => {
        this.#expire(scheduler.now());
        const [oldest] = this.#open;
        this.#timer = oldest === undefined ? undefined : this.#watch(oldest);
      },
      Math.max(0, deadline - scheduler.now()),
    );
  }

  #expire(now: number): void {
    for (const call of this.#open) {
      if (call.deadline > now) return;
      call.fail(call.isSent ? this.unknown() : this.#unsent());
    }
  }

  #unsent(): BrokerUnavailableError {
    const { publishTimeoutMs } = this.#limits;
    return new BrokerUnavailableError(
      `Expected ${this.#server} to confirm within publishTimeoutMs, ${publishTimeoutMs} ms, got no answer, as it was away. Nothing was sent.`,
    );
  }
}
