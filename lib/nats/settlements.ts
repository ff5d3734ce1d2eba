import type { Subscription } from 'rxjs';
import { DeliveryLostError } from '../broker/delivery-lost-error.ts';
import type { JetStreamContext } from './jet-stream-context.ts';
import type { Correspondent } from './mailbox.ts';
import type { NatsMessage } from './nats-client.ts';

/** Milliseconds for the server to hear what is said last. */
const GOODBYE_MS = 2_000;
/** Milliseconds before it is said again, where nobody hears it. */
const AGAIN_MS = 100;

/** The words of JetStream for what becomes of a delivery. */
export const WORDS: { readonly [Word in 'ack' | 'nak' | 'working']: Uint8Array } = {
  ack: /* @__PURE__ */ bytesOf('+ACK'),
  nak: /* @__PURE__ */ bytesOf('-NAK'),
  working: /* @__PURE__ */ bytesOf('+WPI'),
};

/** The word that hands a delivery back for a while. */
export function delayedNak(delayMs: number): Uint8Array {
  return delayMs === 0 ? WORDS.nak : bytesOf(`-NAK ${JSON.stringify({ delay: Math.ceil(delayMs * 1_000_000) })}`);
}

/** What a subscription says of its deliveries, until the server has answered. */
export class Settlements {
  readonly context: JetStreamContext;
  readonly #open = new Set<Settlement>();
  #unposted: Settlement[] = [];
  #posting: NodeJS.Immediate | undefined;

  constructor(context: JetStreamContext) {
    this.context = context;
  }

  /**
   * @param subject - where it is said
   * @param deadline - when the server does not heed it any more
   * @returns when the server has answered
   * @throws DeliveryLostError when it has not, in time
   */
  say(id: string, subject: string, word: Uint8Array, deadline: number): Promise<void> {
    const settlement = new Settlement(this, { id, subject, word, deadline });
    this.#open.add(settlement);
    // A loop settles one in each turn of promises: together they are one write to the socket.
    if (this.#unposted.push(settlement) === 1) this.#posting = setImmediate(() => this.#post());
    return settlement.promise;
  }

  ended(settlement: Settlement): void {
    this.#open.delete(settlement);
  }

  /** Waits a while for what was said, if it can be heard; the rest is lost. */
  async close(isConnected: boolean): Promise<void> {
    clearImmediate(this.#posting);
    this.#post();
    if (isConnected && this.#open.size > 0) {
      const heard = new AbortController();
      void Promise.allSettled(Array.from(this.#open, async ({ promise }) => promise)).then(() => heard.abort());
      await this.context.api.pause(GOODBYE_MS, heard.signal);
    }
    for (const settlement of this.#open) settlement.fail('its subscription was closed');
  }

  #post(): void {
    const unposted = this.#unposted;
    this.#unposted = [];
    for (const settlement of unposted) settlement.post();
  }
}

/** What is said, and until when. */
interface Saying {
  readonly id: string;
  readonly subject: string;
  readonly word: Uint8Array;
  readonly deadline: number;
}

/** One word that is said until the server has heard it. */
class Settlement implements Correspondent {
  readonly promise: Promise<void>;
  readonly #settlements: Settlements;
  readonly #saying: Saying;
  #again: Subscription | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(settlements: Settlements, saying: Saying) {
    this.#settlements = settlements;
    this.#saying = saying;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  post(): void {
    this.#settlements.context.mailbox.post(this.#saying.subject, this.#saying.word, this);
  }

  replied({ headers }: NatsMessage): void {
    // Nobody was there to hear it: the consumer is gone, or JetStream is starting.
    if (headers?.code === 503) {
      this.#again = this.#settlements.context.scheduler.schedule(() => this.lost(), AGAIN_MS);
      return;
    }
    this.#settlements.ended(this);
    this.#resolve();
  }

  lost(): void {
    if (this.#settlements.context.scheduler.now() < this.#saying.deadline) this.post();
    else this.fail('the server has not answered within its lease');
  }

  severed(error: Error): void {
    this.fail('the connection has ended', { cause: error });
  }

  fail(why: string, options?: ErrorOptions): void {
    this.#again?.unsubscribe();
    this.#settlements.ended(this);
    this.#reject(new DeliveryLostError(this.#saying.id, why, options));
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
