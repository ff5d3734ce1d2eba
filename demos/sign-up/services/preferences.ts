import type { SignUpMessage } from '../events.ts';
import type { PreferenceStore } from './preference-files.ts';

/** Makes a handler that keeps what a user has chosen. Doing it twice changes nothing, so retries and redrives are harmless. */
export function createPreferenceKeeper(store: PreferenceStore) {
  return async function keepPreferences({ data }: SignUpMessage): Promise<void> {
    const { userId, ...preferences } = data;
    await store.set(userId, preferences);
  };
}
