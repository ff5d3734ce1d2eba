import type { Measures, Task } from './row.ts';

/** What the bench asks of a contestant's process. */
export type Request = { readonly kind: 'run'; readonly task: Task } | { readonly kind: 'verify' };

/** What it answers; the first answer says that it is loaded. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly measures: Measures }
  | { readonly kind: 'failed'; readonly error: string };
