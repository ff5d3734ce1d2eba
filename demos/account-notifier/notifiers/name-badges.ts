import type { EventSubscription } from 'millrace';
import { UserCreated, type UserListener } from '../events.ts';

/**
 * Prints a badge with the initials of whoever is new. It is broken on purpose: not everybody has two names, and then it throws, before the
 * other notifiers have been called. No attempt will go better, so there is no retry.
 */
export function registerNameBadges(users: UserListener, print: (initials: string) => void): EventSubscription {
  return users.on(
    UserCreated,
    ({ data }) => {
      const [first, last] = data.name.split(' ');
      print(first!.charAt(0) + last!.charAt(0));
    },
    { name: 'name-badges' },
  );
}
