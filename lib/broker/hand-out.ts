import { Chain, type Linked } from '../core/chain.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { BrokerDelivery } from './broker-delivery.ts';

/** What a loop is told: a delivery, or that there are no more. */
export type NextDelivery = IteratorResult<BrokerDelivery, undefined>;

/** What an adapter has received, on its way to the loops over a subscription. What is over by then is not handed out. */
export class HandOut {
  private waiting = new RingBuffer<BrokerDelivery>();
  private readonly waiters: Chain<Waiter> = new Chain();
  private readonly onAsked: () => void;
  private readonly onUnasked: () => void;
  private readonly take: () => BrokerDelivery | undefined;
  /** What loops are told once it has ended. */
  private answer: (() => Promise<NextDelivery>) | undefined = undefined;

  /**
   * @param onAsked - called when a loop waits for a delivery and there is none
   * @param onUnasked - called when no loop waits any more, as those that did have ended
   * @param take - gives what is there to a loop that asks, so that it need not wait; undefined if there is nothing
   */
  constructor(
    onAsked: () => void = () => {},
    onUnasked: () => void = () => {},
    take: () => BrokerDelivery | undefined = () => undefined,
  ) {
    this.onAsked = onAsked;
    this.onUnasked = onUnasked;
    this.take = take;
  }

  /** How many loops wait. */
  get asking(): number {
    return this.waiters.size;
  }

  /** Gives it to a loop that waits, or keeps it for the next one that asks. */
  push(delivery: BrokerDelivery): void {
    const { first } = this.waiters;
    if (first === undefined) {
      this.waiting.push(delivery);
      return;
    }
    this.waiters.remove(first);
    first.resolve({ value: delivery, done: false });
  }

  /** Ends all loops, now and from now on: with an error, if there is one. What waits is not handed out any more. */
  end(error?: Error): void {
    if (this.answer !== undefined) return;
    this.answer =
      error === undefined
        ? ended
        : async () => {
            throw error;
          };
    this.waiting = new RingBuffer();
    for (let { first } = this.waiters; first !== undefined; { first } = this.waiters) {
      this.waiters.remove(first);
      first.resolve(this.answer());
    }
  }

  loop(): AsyncIterableIterator<BrokerDelivery, undefined> {
    return new DeliveryLoop(this);
  }

  /** For the loops: the next delivery for one of them. */
  next(loop: object): Promise<NextDelivery> {
    if (this.answer !== undefined) return this.answer();
    for (let delivery = this.waiting.shift(); delivery !== undefined; delivery = this.waiting.shift()) {
      if (!delivery.isOver) return Promise.resolve({ value: delivery, done: false });
    }
    // Whoever has waited longer is served first.
    const taken = this.waiters.size === 0 ? this.take() : undefined;
    if (taken !== undefined) return Promise.resolve({ value: taken, done: false });
    return new Promise((resolve) => {
      this.waiters.push(new Waiter(loop, resolve));
      this.onAsked();
    });
  }

  /** For the loops: one of them has ended. */
  leave(loop: object): void {
    const own = [...this.waiters].filter((waiter) => waiter.loop === loop);
    for (const waiter of own) {
      this.waiters.remove(waiter);
      if (this.waiters.size === 0) this.onUnasked();
      waiter.resolve(END);
    }
  }
}

/** A call of `next` that waits. */
class Waiter implements Linked<Waiter> {
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;
  readonly loop: object;
  readonly resolve: (result: NextDelivery | Promise<NextDelivery>) => void;

  constructor(loop: object, resolve: Waiter['resolve']) {
    this.loop = loop;
    this.resolve = resolve;
  }
}

/** One loop over a subscription; several share it. */
class DeliveryLoop implements AsyncIterableIterator<BrokerDelivery, undefined> {
  readonly #handOut: HandOut;
  #isDone = false;

  constructor(handOut: HandOut) {
    this.#handOut = handOut;
  }

  next(): Promise<NextDelivery> {
    return this.#isDone ? Promise.resolve(END) : this.#handOut.next(this);
  }

  /** Ends this loop only: what it took stays unsettled. */
  return(): Promise<NextDelivery> {
    this.#isDone = true;
    this.#handOut.leave(this);
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END: NextDelivery = /* @__PURE__ */ Object.freeze({ value: undefined, done: true });

function ended(): Promise<NextDelivery> {
  return Promise.resolve(END);
}
