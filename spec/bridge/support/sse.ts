/** One message of Server-Sent Events, as the HTML Standard reads it: by hand, and not by the library. */
export interface SseMessage {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Reads the messages of a response, one at a time. */
export class SseReader implements Disposable {
  readonly comments: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = '';
  id = '';

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  /** The next message; undefined at the end. */
  async next(): Promise<SseMessage | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        const { done, value } = await this.#reader.read();
        if (done) return undefined;
        this.#text += this.#decoder.decode(value, { stream: true });
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const message = this.#read(block);
      if (message !== undefined) return message;
    }
  }

  /** So many messages. */
  async take(count: number): Promise<SseMessage[]> {
    const messages: SseMessage[] = [];
    while (messages.length < count) {
      const message = await this.next();
      if (message === undefined) return messages;
      messages.push(message);
    }
    return messages;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    void this.cancel();
  }

  #read(block: string): SseMessage | undefined {
    let event = 'message';
    let data: string | undefined;
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === '') this.comments.push(value);
      else if (field === 'id') this.id = value;
      else if (field === 'event') event = value;
      else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    }
    return data === undefined ? undefined : { event, id: this.id, data: JSON.parse(data) };
  }
}
