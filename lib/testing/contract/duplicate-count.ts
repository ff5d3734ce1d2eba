import type { Received } from './received.ts';

/** Counts deliveries, and which of them nobody had asked for. */
export class DuplicateCount {
  deliveries = 0;
  readonly #last = new Map<string, Received>();
  /** What came again though its last delivery was not over, or was about to be acknowledged. */
  readonly #repeats: Repeat[] = [];

  add(group: string, received: Received): void {
    const key = `${group} ${received.message.topic} ${received.id}`;
    const last = this.#last.get(key);
    this.#last.set(key, received);
    this.deliveries++;
    if (last === undefined || last.state === 'handed back' || last.state === 'lost') return;
    // Taken back, by its lease or with its subscription.
    if (last.state === 'unsettled' && last.delivery.signal.aborted) return;
    this.#repeats.push({ last, wasUnsettled: last.state === 'unsettled' });
  }

  /** The ids of all duplicates, as far as it is known how the deliveries before them have ended. */
  duplicates(): readonly string[] {
    return this.#repeats
      .filter(({ last, wasUnsettled }) => wasUnsettled || last.state === 'acknowledged')
      .map(({ last }) => last.id);
  }
}

interface Repeat {
  readonly last: Received;
  readonly wasUnsettled: boolean;
}
