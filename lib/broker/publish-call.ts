import type { PublishReceipt } from './broker-message.ts';

/** One call of `publish`, until all of it is confirmed, or it has failed. */
export class PublishCall {
  readonly promise: Promise<readonly PublishReceipt[]>;
  readonly deadline: number;
  /** Whether something of it may be with the server. */
  isSent = false;
  isOver = false;
  #left: number;
  readonly #receipts: PublishReceipt[];
  readonly #onEnd: (call: PublishCall) => void;
  #resolve!: (receipts: readonly PublishReceipt[]) => void;
  #reject!: (error: unknown) => void;

  constructor(size: number, deadline: number, onEnd: (call: PublishCall) => void) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#left = size;
    this.#receipts = Array.from({ length: size });
    this.deadline = deadline;
    this.#onEnd = onEnd;
  }

  /** How many of its messages are not confirmed. */
  get left(): number {
    return this.isOver ? 0 : this.#left;
  }

  /** One of its messages is confirmed. */
  confirm(index: number, receipt: PublishReceipt): void {
    if (this.isOver) return;
    this.#receipts[index] = receipt;
    if (--this.#left > 0) return;
    this.#end();
    this.#resolve(this.#receipts);
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.isOver = true;
    this.#onEnd(this);
  }
}
