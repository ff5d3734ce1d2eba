import type { Gap } from '../crossing/gap.ts';
import type { EventLog } from './event-log.ts';
import { gapChunk } from './event-stream.ts';
import type { Feed, MaySee, Portion } from './feed.ts';

/** Bytes that are sent together at most, unless an event alone has more. */
const PORTION_BYTES = 16_384;

/** Where a client begins, and what it may see. */
export interface LogFeedOptions {
  readonly lastEventId: string | undefined;
  readonly from: 'end' | 'start';
  readonly maySee: MaySee;
  readonly overflow: 'disconnect' | 'drop-oldest';
}

/** The events of the log, as fast as a client takes them. */
export class LogFeed implements Feed {
  readonly #log: EventLog;
  readonly #maySee: MaySee;
  readonly #overflow: LogFeedOptions['overflow'];
  /** The last event that the client was given, or may not see. */
  #place: number;
  #gap: Gap | undefined;
  #isClosed = false;

  constructor(log: EventLog, { lastEventId, from, maySee, overflow }: LogFeedOptions) {
    this.#log = log;
    this.#maySee = maySee;
    this.#overflow = overflow;
    const place = lastEventId === undefined ? undefined : log.placeOf(lastEventId);
    if (lastEventId === undefined) this.#place = from === 'start' ? log.oldest - 1 : log.newest;
    else this.#place = place ?? log.oldest - 1;
    if (lastEventId !== undefined && place === undefined) this.#gap = { reason: 'unknown-id' };
    else this.#heedLoss('too-old');
  }

  get id(): string {
    return this.#log.idOf(this.#place);
  }

  get hasOverflown(): boolean {
    return this.#place < this.#log.oldest - 1;
  }

  async next(): Promise<Portion | undefined> {
    while (!this.#isClosed) {
      // It is told when it comes back.
      if (this.hasOverflown && this.#overflow === 'disconnect') return undefined;
      this.#heedLoss('overflow');
      const gap = this.#gap;
      this.#gap = undefined;
      if (gap !== undefined) return { bytes: gapChunk(gap, this.id), events: 0, gap };
      const portion = this.#collect();
      if (portion !== undefined) return portion;
      await this.#log.wait();
    }
    return undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#log.wake();
  }

  #heedLoss(reason: 'overflow' | 'too-old'): void {
    if (!this.hasOverflown) return;
    const { oldest } = this.#log;
    this.#gap ??= { reason, lost: oldest - 1 - this.#place };
    this.#place = oldest - 1;
  }

  #collect(): Portion | undefined {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (let logged = this.#log.at(this.#place + 1); logged !== undefined; logged = this.#log.at(this.#place + 1)) {
      if (size > 0 && size + logged.bytes.length > PORTION_BYTES) break;
      this.#place++;
      if (!this.#maySee(logged.event)) continue;
      chunks.push(logged.bytes);
      size += logged.bytes.length;
    }
    return chunks.length === 0 ? undefined : { bytes: joined(chunks, size), events: chunks.length };
  }
}

/** Always a copy: whoever sends it may take the bytes over, and they are those of all clients. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
