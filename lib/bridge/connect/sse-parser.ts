/** What a stream says, one after the other. */
export interface SseMessage {
  /** `message`, unless it was named otherwise. */
  readonly event: string;
  /** Absent where only the id has changed. */
  readonly data: string | undefined;
  /** Of this message, or of the last one before it that had one. */
  readonly id: string | undefined;
  /** Its data was larger than allowed, and is not here. */
  readonly isTooLarge: boolean;
}

/**
 * Reads Server-Sent Events from bytes that come in pieces of any size, and keeps no more of them than a message may have.
 *
 * After the HTML Standard, 9.2.6 Interpreting an event stream (whatwg.org).
 */
export class SseParser {
  readonly #maxCharacters: number;
  readonly #decoder = new TextDecoder();
  /** A line whose end has not come yet. */
  #line = '';
  #isLineTooLarge = false;
  #event = '';
  #data: string | undefined;
  #id: string | undefined;
  #hasNewId = false;
  #isTooLarge = false;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** The messages that are complete with these bytes. */
  push(bytes: Uint8Array): SseMessage[] {
    const text = this.#line + this.#decoder.decode(bytes, { stream: true });
    // The other half of a line end may be in the next piece.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/u);
    this.#line = (lines.pop() ?? '') + text.slice(end);
    const messages: SseMessage[] = [];
    for (const line of lines) {
      const message = this.#take(line);
      if (message !== undefined) messages.push(message);
    }
    if (this.#line.length > this.#maxCharacters) {
      this.#isLineTooLarge = true;
      this.#line = '';
    }
    return messages;
  }

  #take(line: string): SseMessage | undefined {
    if (this.#isLineTooLarge || line.length > this.#maxCharacters) {
      this.#isLineTooLarge = false;
      this.#isTooLarge = true;
      return undefined;
    }
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    this.#takeField(name, value);
    return undefined;
  }

  #takeField(name: string, value: string): void {
    switch (name) {
      case 'event':
        this.#event = value;
        break;
      case 'data':
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
        if (this.#data.length > this.#maxCharacters) {
          this.#isTooLarge = true;
          this.#data = '';
        }
        break;
      case 'id':
        if (value.includes('\0')) break;
        this.#id = value;
        this.#hasNewId = true;
        break;
      default:
      // A comment, or a field that nobody knows.
    }
  }

  #dispatch(): SseMessage | undefined {
    const message: SseMessage = {
      event: this.#event === '' ? 'message' : this.#event,
      data: this.#data,
      id: this.#id,
      isTooLarge: this.#isTooLarge,
    };
    const isWorthIt = this.#data !== undefined || this.#hasNewId || this.#isTooLarge;
    this.#event = '';
    this.#data = undefined;
    this.#hasNewId = false;
    this.#isTooLarge = false;
    return isWorthIt ? message : undefined;
  }
}
