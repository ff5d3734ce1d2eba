import type { Channel } from 'millrace';

/** Sends into a channel, and keeps what the channel answers, as it comes: `'a taken'`, `'b refused: ClosedError'`. */
export class Producer {
  readonly told: string[] = [];
  readonly #channel: Channel<string>;

  constructor(channel: Channel<string>) {
    this.#channel = channel;
  }

  send(item: string, signal?: AbortSignal): void {
    this.#channel.send(item, signal && { signal }).then(
      () => this.told.push(`${item} taken`),
      (error: unknown) => this.told.push(`${item} refused: ${error instanceof Error ? error.name : String(error)}`),
    );
  }

  sendAll(items: Iterable<string>): void {
    for (const item of items) this.send(item);
  }
}
