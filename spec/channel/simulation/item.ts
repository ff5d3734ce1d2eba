import type { DeadLetter } from 'millrace';
import type { PlannedItem } from './plans.ts';

/** One call of a worker's handler, as the handler sees it; of a batch, the same for all of its items. */
export class Call {
  readonly signal: AbortSignal;
  state: 'active' | 'failed' | 'succeeded' = 'active';
  /** Its Observable was unsubscribed before it had ended. */
  isUnsubscribed = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  get isGivenUp(): boolean {
    return this.isUnsubscribed || this.signal.aborted;
  }

  get isActive(): boolean {
    return this.state === 'active' && !this.isGivenUp;
  }

  get hasSucceeded(): boolean {
    return this.state === 'succeeded' && !this.isGivenUp;
  }
}

/** One item, and all that is seen of it from outside of the channel. */
export class Item {
  /** In the order in which they were sent. */
  readonly number: number;
  readonly plan: PlannedItem;
  /** What the producer was told; nothing while it waits. */
  answer: 'aborted' | 'closed' | 'refused' | 'taken' | undefined = undefined;
  /** Loops and subscribers that have received it. */
  received = 0;
  readonly calls: Call[] = [];
  readonly letters: DeadLetter<Item>[] = [];
  hasReacted = false;

  constructor(number: number, plan: PlannedItem) {
    this.number = number;
    this.plan = plan;
  }

  get successes(): number {
    return this.calls.filter((call) => call.hasSucceeded).length;
  }

  /** How often it has ended. */
  get ends(): number {
    return this.received + this.successes + this.letters.length;
  }

  /** For the text of an error. */
  toJSON(): object {
    const { number, answer, received, calls, letters } = this;
    return {
      number,
      answer,
      received,
      calls: calls.map(({ state, isGivenUp }) => (isGivenUp ? 'given up' : state)),
      letters: letters.map(({ reason, handler }) => `${reason} ${String(handler)}`),
    };
  }
}
