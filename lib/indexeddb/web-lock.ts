import type { EventStoreBackend } from '../sourcing/event-store-backend.ts';

/** Takes locks of the browser: it gives up those of a tab that is closed or has crashed, at once. Absent outside of secure contexts. */
export function webLocks(database: string): EventStoreBackend['lock'] {
  const { locks } = (globalThis as { readonly navigator?: Partial<Navigator> }).navigator ?? {};
  if (locks === undefined) return undefined;
  return (name, signal) =>
    new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => new Promise((release) => resolve(release));
      locks.request(`millrace:${database}:${name}`, { signal }, hold).catch(reject);
    });
}
