import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import { TestFailure } from '../test-failure.ts';
import type { ContractReport } from './contract-case.ts';
import type { Received } from './received.ts';

/** Counts what a run publishes, what it is given, and which of that nobody had asked for. */
export class Tally {
  published = 0;
  #deliveries = 0;
  readonly #last = new Map<string, Received>();
  /** What came again though its last delivery was not over, or was about to be acknowledged. */
  readonly #repeats: Repeat[] = [];

  add(group: string, received: Received): void {
    const key = `${group} ${received.message.topic} ${received.id}`;
    const last = this.#last.get(key);
    this.#last.set(key, received);
    this.#deliveries++;
    if (last === undefined || last.state === 'handed back' || last.state === 'lost') return;
    // Taken back, by its lease or with its subscription.
    if (last.state === 'unsettled' && last.delivery.signal.aborted) return;
    this.#repeats.push({ last, wasUnsettled: last.state === 'unsettled' });
  }

  /** How many deliveries there have been. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** @throws TestFailure for duplicates, unless they are allowed */
  report(guarantee: BrokerCapabilities['delivery'], elapsedMs: number): ContractReport {
    const { published, deliveries } = this;
    // By now it is known how the deliveries before them have ended.
    const repeats = this.#repeats.filter(({ last, wasUnsettled }) => wasUnsettled || last.state === 'acknowledged');
    const duplicates = repeats.length;
    if (duplicates > 0 && guarantee !== 'at-least-once') {
      throw new TestFailure(
        `Expected no message to be repeated with delivery: '${guarantee}', got ${duplicates} of ${deliveries} deliveries, first of message '${repeats[0]!.last.id}'.`,
        { expected: 0, actual: duplicates },
      );
    }
    const duplicateRate = deliveries === 0 ? 0 : duplicates / deliveries;
    return { published, deliveries, duplicates, duplicateRate, elapsedMs };
  }
}

interface Repeat {
  readonly last: Received;
  readonly wasUnsettled: boolean;
}
