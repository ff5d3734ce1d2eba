import type { PreferenceStore } from '../services/preference-files.ts';

/** A store that has a fault, for a while. */
export interface FaultyStore extends PreferenceStore {
  repair(): void;
}

/** A store that cannot keep the preferences of one user, whom it knows by the address, until it is repaired. */
export function failFor(email: string, store: PreferenceStore): FaultyStore {
  let isFaulty = true;
  return {
    async set(userId, preferences) {
      if (isFaulty && preferences.email === email.toLowerCase()) {
        throw new Error(`EIO: i/o error, write '${userId}.json'`);
      }
      await store.set(userId, preferences);
    },
    repair() {
      isFaulty = false;
    },
  };
}
