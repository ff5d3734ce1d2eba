import { heartbeatChunk } from './event-stream.ts';
import type { Feed, Portion } from './feed.ts';

/** Bytes that wait for a client at most, beside what its connection holds. */
const WAITING_BYTES = 16_384;

/** What is told of a client. */
export interface ClientStreamOptions {
  readonly feed: Feed;
  /** What it is sent first. */
  readonly hello: Uint8Array;
  readonly now: () => number;
  readonly onSent: (portion: Portion) => void;
  /** Its feed has failed. */
  readonly onError: (error: unknown) => void;
  /** It is gone, and holds nothing any more. */
  readonly onEnd: () => void;
}

/** What is sent to one client: only as much as it takes. */
export class ClientStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: ClientStreamOptions;
  readonly #startedAt: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** When it had room for more, the last time. */
  #tookAt: number;
  #isEnded = false;

  constructor(options: ClientStreamOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#tookAt = this.#startedAt;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(options.hello);
        },
        pull: () => this.#sendNext(),
        cancel: () => this.#end(),
      },
      { highWaterMark: WAITING_BYTES, size: ({ byteLength }) => byteLength },
    );
  }

  /** For how long it has had no room for more. */
  get stalledMs(): number {
    return this.#hasRoom ? 0 : this.#options.now() - this.#tookAt;
  }

  get ageMs(): number {
    return this.#options.now() - this.#startedAt;
  }

  get hasOverflown(): boolean {
    return this.#options.feed.hasOverflown;
  }

  /** Lets it know that we are there, and how far it has come. To a client that takes nothing, there is nothing to say. */
  beat(): void {
    if (!this.#hasRoom) return;
    this.#tookAt = this.#options.now();
    this.#controller?.enqueue(heartbeatChunk(this.#options.feed.id));
  }

  /** Ends it in peace: it has what it was sent, and may come back. */
  close(): void {
    if (this.#isEnded) return;
    this.#end();
    this.#controller?.close();
  }

  /** Ends it at once, and what waits for it. */
  cut(error: unknown): void {
    if (this.#isEnded) return;
    this.#end();
    this.#controller?.error(error);
  }

  get #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  async #sendNext(): Promise<void> {
    const { feed, onSent, onError } = this.#options;
    this.#tookAt = this.#options.now();
    try {
      const portion = await feed.next();
      if (this.#isEnded) return;
      if (portion === undefined) {
        this.close();
        return;
      }
      this.#controller?.enqueue(portion.bytes);
      onSent(portion);
    } catch (error) {
      onError(error);
      this.cut(error);
    }
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.feed.close();
    this.#options.onEnd();
  }
}
