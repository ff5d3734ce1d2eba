import { defineEvent, type EventDefinition, payload } from 'millrace';

/** The plainest event of the specs. */
export const Tick: EventDefinition<'tick', number> = defineEvent('tick', payload<number>());

/** Another one, where an event must be told from {@link Tick}. */
export const Tock: EventDefinition<'tock', number> = defineEvent('tock', payload<number>());

export const UserSignedUp: EventDefinition<'user.signed_up', { userId: string }> = defineEvent(
  'user.signed_up',
  payload<{ userId: string }>(),
);

export const UserRenamed: EventDefinition<'user.renamed', { userId: string; name: string }> = defineEvent(
  'user.renamed',
  payload<{ userId: string; name: string }>(),
);

export const OrderPlaced: EventDefinition<'order.placed', { id: string; total: number }> = defineEvent(
  'order.placed',
  payload<{ id: string; total: number }>(),
);
