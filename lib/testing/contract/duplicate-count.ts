import type { Received } from './received.ts';

/** Counts deliveries, and which of them nobody had asked for. */
export class DuplicateCount {
  deliveries = 0;
  duplicates = 0;
  firstDuplicate: string | undefined;
  readonly #last = new Map<string, Received>();

  add(group: string, received: Received): void {
    const key = `${group} ${received.message.topic} ${received.id}`;
    const last = this.#last.get(key);
    this.#last.set(key, received);
    this.deliveries++;
    // What was handed back, or taken back, comes again by right.
    if (last === undefined || last.state === 'handed back' || last.state === 'lost') return;
    if (last.delivery.signal.aborted && last.state === 'unsettled') return;
    this.duplicates++;
    this.firstDuplicate ??= received.id;
  }
}
