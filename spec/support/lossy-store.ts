import { type AppendResult, type EventStore, OutcomeUnknownError } from 'millrace';
import { interceptedStore } from './intercepted-store.ts';

/** An append on its way: sends it, and gives the answer. */
export type Sending = (send: () => Promise<AppendResult>) => Promise<AppendResult>;

/** The same store, whose appends go through somebody's hands. */
export function appendingBy(store: EventStore, by: Sending): EventStore {
  return { ...interceptedStore(store, () => undefined), append: (...call) => by(() => store.append(...call)) };
}

/** The connection is lost before the events arrive. */
export const lostBefore: Sending = async () => {
  throw new OutcomeUnknownError('account', [], new Error('lost before'));
};

/** The connection is lost after the events have arrived, and before the answer. */
export const lostAfter: Sending = async (send) => {
  await send();
  throw new OutcomeUnknownError('account', [], new Error('lost after'));
};

/** One way after the other; then as usual. */
export function inTurn(...ways: readonly Sending[]): Sending {
  const left = [...ways];
  return (send) => (left.shift() ?? ((usual) => usual()))(send);
}
