import type { DeadLetter, Settlement } from 'millrace';
import type { PlannedEvent } from './plans.ts';

/** One call of the handler, as the handler sees it. Those of a batch share it. */
export class Call {
  readonly items: readonly Item[];
  readonly signal: AbortSignal | undefined;
  state: 'active' | 'failed' | 'succeeded' = 'active';
  /** Its Observable was unsubscribed before it had ended. */
  isUnsubscribed = false;

  constructor(items: readonly Item[], signal: AbortSignal | undefined) {
    this.items = items;
    this.signal = signal;
  }

  get isGivenUp(): boolean {
    return this.isUnsubscribed || this.signal?.aborted === true;
  }

  get isActive(): boolean {
    return this.state === 'active' && !this.isGivenUp;
  }

  get hasSucceeded(): boolean {
    return this.state === 'succeeded' && !this.isGivenUp;
  }

  /** Whether it belongs into the letter. */
  get hasFailed(): boolean {
    const isTimedOut = (this.signal?.reason as { code?: unknown } | undefined)?.code === 'TIMEOUT';
    return isTimedOut || (this.state === 'failed' && !this.isGivenUp);
  }
}

/** One event, and all that is seen of it from outside. */
export class Item {
  readonly number: number;
  readonly plan: PlannedEvent;
  readonly sentAt: number;
  readonly calls: Call[] = [];
  readonly letters: DeadLetter<Item>[] = [];
  readonly settlements: Settlement[] = [];
  /** What `trySend` answered; of a `send`, whether it was taken. */
  isTaken: boolean | undefined = undefined;
  /** Its producer waited for room, so that nobody knows when it came in. */
  isSent = false;
  isListenedTo = false;
  hasReacted = false;

  constructor(number: number, plan: PlannedEvent, sentAt: number) {
    this.number = number;
    this.plan = plan;
    this.sentAt = sentAt;
  }

  get isAtWork(): boolean {
    return this.calls.some((call) => call.isActive);
  }

  get successes(): number {
    return this.calls.filter((call) => call.hasSucceeded).length;
  }

  /** For the text of an error. */
  toJSON(): object {
    const { number, isTaken, calls, letters, settlements } = this;
    return {
      number,
      isTaken,
      calls: calls.map(({ state, isGivenUp }) => (isGivenUp ? 'given up' : state)),
      letters: letters.map(({ reason }) => reason),
      settlements: settlements.map(({ outcome }) => outcome),
    };
  }

  get hasEnded(): boolean {
    return this.successes + this.letters.length + this.settlements.length > 0;
  }
}
