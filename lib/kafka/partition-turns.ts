import { RingBuffer } from '../core/ring-buffer.ts';
import type { Held, PartitionLog } from './partition-log.ts';

/** How many deliveries of a partition there are before it is another one's turn. */
const TURN = 4;

/** Partitions with something to deliver, in turn. */
export class PartitionTurns {
  #logs = new RingBuffer<PartitionLog>();
  #left = TURN;

  get size(): number {
    return this.#logs.size;
  }

  /** It may have something now. */
  add(log: PartitionLog): void {
    if (log.isQueued || log.isLost || !log.hasReady) return;
    log.isQueued = true;
    this.#logs.push(log);
  }

  /** It is ours no more. */
  remove(lost: PartitionLog): void {
    const before = this.#logs;
    this.#logs = new RingBuffer();
    for (const log of before) if (log !== lost) this.#logs.push(log);
    this.#left = TURN;
  }

  /** Takes the next record of the partition whose turn it is. */
  shift(): Held | undefined {
    for (let { first } = this.#logs; first !== undefined; { first } = this.#logs) {
      const held = first.shift();
      if (!first.hasReady || --this.#left <= 0) this.#pass(first);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #pass(log: PartitionLog): void {
    this.#left = TURN;
    this.#logs.shift();
    log.isQueued = false;
    this.add(log);
  }
}
