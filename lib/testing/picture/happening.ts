import type { EventMessage } from '../../core/message.ts';
import type { Settlement } from '../../core/outcome.ts';
import type { Handling } from '../../process/probe.ts';

/** What a timeline was told, as it was told: kept as it came, and looked at only when it is drawn. */
export type Happening = { readonly atMs: number } & (
  | { readonly kind: 'published' | 'refused'; readonly message: EventMessage }
  | { readonly kind: 'accepted' | 'dropped'; readonly handling: Handling }
  /** A handling counts on: the number is kept as it was. */
  | { readonly kind: 'started'; readonly handling: Handling; readonly attempt: number }
  | { readonly kind: 'retried'; readonly handling: Handling; readonly error: unknown }
  | { readonly kind: 'settled'; readonly handling: Handling; readonly settlement: Settlement }
  | { readonly kind: 'closed' }
);
