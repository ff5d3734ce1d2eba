import { ClosedError } from '../core/errors.ts';
import type { EventMessage } from '../core/message.ts';
import type { DeliveryReport, HandlerReport, Settlement } from '../core/outcome.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { Attempt } from '../process/attempt.ts';
import type { Listener } from './target.ts';

/** Collects what becomes of one published event, handler by handler, into its report. */
export class DeliveryTicket {
  readonly report: Promise<DeliveryReport>;
  readonly #awaitedBy: Attempt<unknown> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #takeBack: (() => void) | undefined;
  readonly #handlers: HandlerReport[] = [];
  readonly #withdrawals: (() => void)[] = [];
  #open = 1;
  #resolve!: (report: DeliveryReport) => void;
  #reject!: (reason: unknown) => void;

  constructor(awaitedBy?: Attempt<unknown>, signal?: AbortSignal) {
    this.#awaitedBy = awaitedBy;
    this.#signal = signal;
    this.report = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#takeBack = signal && whenAborted(signal, this.#abort);
  }

  /** Nobody waits any more, and no further handler is to be given the event. */
  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Hands the event to one handler. */
  deliver(listener: Listener, message: EventMessage): void {
    const index = this.#handlers.length;
    const { name } = listener;
    this.#handlers.push({ name, outcome: 'rejected', attempts: 0 });
    this.#open++;
    const settled = (settlement: Settlement): void => {
      this.#handlers[index] = { name, ...settlement };
      this.close();
    };
    const withdraw = listener.submit(message, settled, this.#awaitedBy);
    if (withdraw !== undefined && this.#signal !== undefined) this.#withdrawals.push(withdraw);
  }

  /** One part is done: a handler has ended, or, called once, all handlers were offered the event. */
  close(): void {
    if (--this.#open > 0) return;
    this.#takeBack?.();
    const handlers = this.#handlers;
    const ok = handlers.every(({ outcome }) => outcome === 'handled');
    this.#resolve({ stage: 'settled', ok, unhandled: handlers.length === 0, handlers });
  }

  /** The bus closed before the event was offered to anybody. */
  refuse(): void {
    this.#takeBack?.();
    this.#reject(new ClosedError('the bus'));
  }

  /** What was accepted goes on; what still waits for room is taken back. */
  readonly #abort = (): void => {
    for (const withdraw of this.#withdrawals) withdraw();
    this.#reject(this.#signal?.reason);
  };
}
