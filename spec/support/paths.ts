/**
 * The two ways of an event into an idle handler, by the name of the `Watched` method that takes it: it is called at once, unless somebody
 * wants to be told the end; then it goes through the queue. Whatever is promised holds for both.
 */
export const PATHS = [
  { path: 'called at once', via: 'sendUnwatched' },
  { path: 'queued', via: 'send' },
] as const;

export type Path = (typeof PATHS)[number];
