import { InvalidOptionError } from '../../core/errors.ts';
import type { EventStore } from '../../sourcing/event-store.ts';
import type { RecordedEvent } from '../../sourcing/recorded-event.ts';
import type { AllowList } from '../crossing/allow-list.ts';
import type { Gap } from '../crossing/gap.ts';
import { writeEvent } from '../crossing/write-event.ts';
import { eventChunk, gapChunk } from './event-stream.ts';
import type { Feed, MaySee, Portion } from './feed.ts';

/** Where a client begins, and what it may see. */
export interface StoreFeedOptions {
  readonly store: EventStore;
  readonly send: AllowList;
  readonly lastEventId: string | undefined;
  readonly from: 'end' | 'start';
  readonly maxEventBytes: number;
  readonly maySee: MaySee;
  /** An event that cannot be written. */
  readonly onUnwritable: (error: unknown) => void;
}

/** A place in a store, for the wire: the position tells a place that is not there yet, such as of a store that was made anew. */
interface StorePlace {
  readonly position: number;
  readonly checkpoint: string;
}

/** The events of a store, read when the client has room for them: however slow it is, nothing is lost, and nothing is kept for it but a page. */
export class StoreFeed implements Feed {
  /** What is in a store stays there. */
  readonly hasOverflown: boolean = false;
  readonly #options: StoreFeedOptions;
  readonly #ending = new AbortController();
  readonly #events: AsyncIterator<RecordedEvent, undefined>;
  #place: StorePlace | undefined;
  #gap: Gap | undefined;

  /** Finds where the client begins. */
  static async open(options: StoreFeedOptions): Promise<StoreFeed> {
    const { store, lastEventId, from } = options;
    const head = await store.head();
    const place = lastEventId === undefined ? undefined : await findPlace(store, lastEventId, head.position);
    const gap: Gap | undefined =
      lastEventId !== undefined && place === undefined ? { reason: 'unknown-id' } : undefined;
    return new StoreFeed(options, place ?? (from === 'end' ? head : undefined), gap);
  }

  private constructor(options: StoreFeedOptions, place: StorePlace | undefined, gap: Gap | undefined) {
    this.#options = options;
    this.#place = place;
    this.#gap = gap;
    this.#events = options.store.subscribe({
      from: place?.checkpoint,
      types: [...options.send.keys()],
      signal: this.#ending.signal,
      onCaughtUp: (checkpoint) => {
        if (checkpoint !== undefined) this.#place = { position: this.#place?.position ?? 0, checkpoint };
      },
    });
  }

  get id(): string | undefined {
    return this.#place === undefined ? undefined : idOf(this.#place);
  }

  async next(): Promise<Portion | undefined> {
    const gap = this.#gap;
    this.#gap = undefined;
    if (gap !== undefined) return { bytes: gapChunk(gap, this.id), events: 0, gap };
    for (;;) {
      const { done, value: event } = await this.#events.next();
      if (done === true) return undefined;
      this.#place = { position: event.position, checkpoint: event.checkpoint };
      const json = this.#options.maySee(event) ? this.#write(event) : undefined;
      if (json !== undefined) return { bytes: eventChunk(idOf(this.#place), json), events: 1 };
    }
  }

  close(): void {
    this.#ending.abort();
  }

  #write(event: RecordedEvent): string | undefined {
    const { send, maxEventBytes, onUnwritable } = this.#options;
    try {
      return writeEvent(event, send.get(event.type)!, maxEventBytes);
    } catch (error) {
      onUnwritable(error);
      return undefined;
    }
  }
}

function idOf({ position, checkpoint }: StorePlace): string {
  return `${position}/${checkpoint}`;
}

async function findPlace(store: EventStore, id: string, head: number): Promise<StorePlace | undefined> {
  const [, digits, checkpoint] = /^(\d{1,15})\/(.+)$/.exec(id) ?? [];
  if (checkpoint === undefined || Number(digits) > head || checkpoint === 'end') return undefined;
  try {
    await store.readAll({ from: checkpoint, limit: 1 }).next();
    return { position: Number(digits), checkpoint };
  } catch (error) {
    // No place of this store. Whatever else went wrong is not the client's doing.
    if (error instanceof InvalidOptionError) return undefined;
    throw error;
  }
}
