import type { RedriveReport } from 'millrace';

/** How far a handler has come with an event. */
export type Progress = 'dead' | 'handed back' | 'handled' | 'taken';

/** What services report. */
export type ServiceReport =
  | { readonly kind: 'serving'; readonly url: string }
  | { readonly kind: 'progress'; readonly event: string; readonly progress: Progress }
  | { readonly kind: 'retried' }
  | { readonly kind: 'letter'; readonly user: string; readonly text: string }
  | { readonly kind: 'redriven'; readonly report: RedriveReport }
  | { readonly kind: 'error'; readonly text: string };
