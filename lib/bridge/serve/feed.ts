import type { EventMessage } from '../../core/message.ts';
import type { RecordedEvent } from '../../sourcing/recorded-event.ts';
import type { Gap } from '../crossing/gap.ts';

/** Whether a client may see an event. */
export type MaySee = (event: EventMessage | RecordedEvent) => boolean;

/** What a client is sent next. */
export interface Portion {
  readonly bytes: Uint8Array;
  readonly events: number;
  readonly gap?: Gap;
}

/** Where the events of one client come from. It is asked when the client has taken what it was given. */
export interface Feed {
  /** Where the client is, for the wire. */
  readonly id: string | undefined;
  /** Whether the client has lost events that it was not told of yet. */
  readonly hasOverflown: boolean;
  /** Resolves when there is something; with nothing, when there will be no more. One call at a time. */
  next(): Promise<Portion | undefined>;
  close(): void;
}
