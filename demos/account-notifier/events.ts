import { type DataOf, defineEvent, type EventEmitter, type MessageOf, payload, type ReadonlyEventBus } from 'millrace';

export const UserCreated = defineEvent('user.created', payload<{ name: string; email: string }>());
export const UserDeleted = defineEvent('user.deleted', payload<{ name: string; email: string }>());

export const events = [UserCreated, UserDeleted] as const;
type UserEvent = (typeof events)[number];

export type User = DataOf<UserEvent>;
export type UserMessage = MessageOf<UserEvent>;

/** What those are handed who listen: there is no `emit` to call, and nothing to close. */
export type UserListener = ReadonlyEventBus<UserEvent>;
/** What the one is handed who sends: it cannot know who listens. */
export type UserEmitter = EventEmitter<UserEvent>;

/** An event in a few words; `type` tells what happened. */
export function headline({ type, data }: UserMessage): string {
  return `Account ${type === 'user.created' ? 'created' : 'deleted'}: ${data.name} <${data.email}>`;
}
