import type { Job } from './contestants/pool/job.ts';
import { HandWrittenInbox } from './hand-written-inbox.ts';
import { retryByHand } from './hand-written-retry.ts';

type KeyedLoopOptions = Omit<Job, 'events' | 'key' | 'timeoutMs'> & { readonly key: (event: number) => number };

/**
 * The hand-written loop with order per key: a loop that takes an event whose key is busy leaves it to the loop that is busy with it. A key
 * between attempts keeps its slot.
 */
export class HandWrittenKeyedLoop {
  readonly #inbox: HandWrittenInbox;
  readonly #options: KeyedLoopOptions;
  readonly #loops: Promise<void>[];
  /** Busy keys, each with the events that wait for it. */
  readonly #lanes = new Map<number, number[] | undefined>();

  constructor(options: KeyedLoopOptions) {
    this.#inbox = new HandWrittenInbox(options.capacity);
    this.#options = options;
    this.#loops = Array.from({ length: options.concurrency }, () => this.#loop());
  }

  /** `false` when it is full. */
  trySend(event: number): boolean {
    return this.#inbox.trySend(event);
  }

  /** Resolves when there is room; for one producer. */
  room(): Promise<void> {
    return this.#inbox.room();
  }

  /** Finishes what it has. */
  async drain(): Promise<void> {
    this.#inbox.close();
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    const inbox = this.#inbox;
    const { key, handle } = this.#options;
    for (;;) {
      const first = inbox.take();
      if (first === undefined) {
        if (inbox.isClosed) return;
        await inbox.arrival();
        continue;
      }
      const lane = key(first);
      if (this.#isParked(lane, first)) continue;
      for (let event: number | undefined = first; event !== undefined; event = this.#nextOf(lane)) {
        try {
          await handle(event);
        } catch (error) {
          await retryByHand(event, error, this.#options);
        }
      }
    }
  }

  /** Leaves an event to the loop that has its lane; if none has, the lane is taken. */
  #isParked(lane: number, event: number): boolean {
    const lanes = this.#lanes;
    if (!lanes.has(lane)) {
      lanes.set(lane, undefined);
      return false;
    }
    const waiting = lanes.get(lane);
    if (waiting === undefined) lanes.set(lane, [event]);
    else waiting.push(event);
    this.#inbox.park();
    return true;
  }

  #nextOf(lane: number): number | undefined {
    const event = this.#lanes.get(lane)?.shift();
    if (event === undefined) this.#lanes.delete(lane);
    else this.#inbox.unpark();
    return event;
  }
}
