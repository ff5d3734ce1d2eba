import type { EventSubscription } from 'millrace';
import { UserCreated, UserDeleted, type UserListener, type UserMessage } from '../events.ts';

/** Tells what happened. Registered first, it is told first. */
export function registerStory(users: UserListener, tell: (event: UserMessage) => void): EventSubscription {
  return users.on([UserCreated, UserDeleted], tell, { name: 'story' });
}
