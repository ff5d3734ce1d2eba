import type { SchedulerLike } from 'rxjs';
import { ClosedError } from '../../core/errors.ts';
import { RingBuffer } from '../../core/ring-buffer.ts';
import { decideRetry } from '../../flow/retry-policy.ts';
import { pause } from '../../sourcing/pause.ts';
import type { Arrival, Intake } from '../crossing/intake.ts';
import { MOST_ENTRIES } from './frames.ts';

/** What an inbox needs of its bridge. */
export interface PortInboxOptions {
  readonly intake: Intake;
  readonly capacity: number;
  readonly maxInFlight: number;
  readonly maxEventBytes: number;
  readonly scheduler: SchedulerLike;
  /** These are handled, or never will be. */
  readonly onTaken: (numbers: readonly number[]) => void;
  /** What will never be handled. */
  readonly onRefused: (error: unknown) => void;
  /** So many events found no room. */
  readonly onLost: (count: number) => void;
  readonly onBusClosed: () => void;
}

/** An event that waits for its turn. */
interface Waiting {
  readonly number: number;
  readonly text: unknown;
}

const AGAIN = /* @__PURE__ */ decideRetry({ maxAttempts: Infinity, delayMs: 50, maxDelayMs: 5_000 }, Math.random);

/** What comes in by a port: so much at a time as the bus handles, and no more than there is room for, whatever the other side sends. */
export class PortInbox {
  readonly #options: PortInboxOptions;
  readonly #waiting = new RingBuffer<Waiting>();
  readonly #ending = new AbortController();
  #taken: number[] = [];
  #running = 0;
  #lost = 0;

  constructor(options: PortInboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running + this.#waiting.size;
  }

  push(first: number, texts: readonly unknown[]): void {
    texts.forEach((text, at) => {
      const number = first + at;
      if (this.size < this.#options.capacity) {
        this.#waiting.push({ number, text });
        return;
      }
      this.#lost++;
      // Nobody is to wait for it.
      this.#confirm(number);
    });
    this.#start();
    // Each time that there is none, once: not for each event.
    if (this.#lost > 0) this.#options.onLost(this.#lost);
    this.#lost = 0;
  }

  close(): void {
    this.#ending.abort();
    while (this.#waiting.size > 0) this.#waiting.shift();
  }

  #start(): void {
    while (this.#running < this.#options.maxInFlight && this.#waiting.size > 0) {
      this.#running++;
      void this.#take(this.#waiting.shift()!);
    }
  }

  async #take({ number, text }: Waiting): Promise<void> {
    const { intake, maxEventBytes, onRefused, onBusClosed } = this.#options;
    let arrival: Arrival = await intake.takeText(text, maxEventBytes);
    for (let tries = 1; arrival.outcome === 'busy' && !this.#ending.signal.aborted; tries++) {
      if (arrival.error instanceof ClosedError) return onBusClosed();
      await this.#rest(tries, arrival.error);
      arrival = await intake.takeText(text, maxEventBytes);
    }
    this.#running--;
    if (this.#ending.signal.aborted) return;
    if (arrival.outcome === 'invalid' || arrival.outcome === 'not-allowed') onRefused(arrival.error);
    this.#confirm(number);
    this.#start();
  }

  async #rest(tries: number, error: unknown): Promise<void> {
    const decision = AGAIN(tries, error);
    await pause(decision.retry ? decision.delayMs : 0, this.#options.scheduler, this.#ending.signal);
  }

  /** In a microtask: what is handled in one turn is told together. */
  #confirm(number: number): void {
    this.#taken.push(number);
    if (this.#taken.length > 1) return;
    queueMicrotask(() => {
      const taken = this.#taken;
      this.#taken = [];
      for (let at = 0; at < taken.length; at += MOST_ENTRIES) this.#options.onTaken(taken.slice(at, at + MOST_ENTRIES));
    });
  }
}
