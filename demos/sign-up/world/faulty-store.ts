import type { PreferenceStore } from '../services/preference-files.ts';

/** A store that cannot keep the preferences of one user, whom it knows by the address. */
export function failFor(email: string, store: PreferenceStore): PreferenceStore {
  return {
    async set(userId, preferences) {
      if (preferences.email === email.toLowerCase()) throw new Error(`EIO: i/o error, write '${userId}.json'`);
      await store.set(userId, preferences);
    },
  };
}
