import { defineEvent, type EventDefinition, memoryEventStore, type NewEvent, payload, type EventStore } from 'millrace';

/** The plainest event of an account. */
export const Deposited: EventDefinition<'account.deposited', { amount: number }> = defineEvent(
  'account.deposited',
  payload<{ amount: number }>(),
);

/** Another one. */
export const Withdrawn: EventDefinition<'account.withdrawn', { amount: number }> = defineEvent(
  'account.withdrawn',
  payload<{ amount: number }>(),
);

export const deposit = (amount: number): NewEvent => ({ type: 'account.deposited', data: { amount } });
export const withdraw = (amount: number): NewEvent => ({ type: 'account.withdrawn', data: { amount } });

/** From the first amount up to the last one, which is not among them. */
export const deposits = (from: number, to: number): readonly NewEvent[] =>
  Array.from({ length: to - from }, (_, index) => deposit(from + index));

/** A store with deposits of 0, 1, 2 … in one stream: the amount of an event is its position less one. */
export async function storeOf(count: number): Promise<EventStore> {
  const store = memoryEventStore();
  if (count > 0) await store.append('account-1', deposits(0, count));
  return store;
}

/** 0, 1, 2 …, so many. */
export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
