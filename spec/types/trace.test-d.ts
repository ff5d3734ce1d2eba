import {
  createBrokeredBus,
  createEventBus,
  defineEvent,
  type EventMessage,
  type EventStore,
  type EventTrace,
  memoryBroker,
  type MessageOf,
  payload,
  type RecordedEvent,
  trace,
} from 'millrace';
import { record } from 'millrace/testing';
import { describe, expectTypeOf, it } from 'vitest';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
const message = UserSignedUp.create({ userId: 'u1' });
declare const store: EventStore;

describe('trace', () => {
  it('gives a list of events back as a tree of the same events', () => {
    const tree = trace([message], message.id);
    expectTypeOf(tree).toEqualTypeOf<EventTrace<MessageOf<typeof UserSignedUp>>>();
    expectTypeOf(tree.roots[0]!.children[0]!.event.data).toEqualTypeOf<{ userId: string }>();
    expectTypeOf(trace(new Set<EventMessage>(), message)).toEqualTypeOf<EventTrace<EventMessage>>();
  });

  it('takes what record gives, of any bus', () => {
    expectTypeOf(trace(record(createEventBus()), message)).toEqualTypeOf<EventTrace<EventMessage>>();
    const known = createEventBus({ events: [UserSignedUp] });
    expectTypeOf(trace(record(known), message)).toEqualTypeOf<EventTrace<EventMessage>>();
    const recorded = record(createEventBus()).published(UserSignedUp);
    expectTypeOf(trace(recorded, message).roots[0]!.event.data).toEqualTypeOf<{ userId: string }>();
  });

  it('reads a store, or some of it, in time', () => {
    expectTypeOf(trace(store, message)).toEqualTypeOf<Promise<EventTrace<RecordedEvent>>>();
    expectTypeOf(trace(store.readAll(), 'id')).toEqualTypeOf<Promise<EventTrace<RecordedEvent>>>();
  });

  it('refuses what are no events', () => {
    // @ts-expect-error texts are no events
    trace(['id'], 'id');
    // @ts-expect-error a text is none either
    trace('id', 'id');
    // @ts-expect-error a bus keeps nothing of what was sent: record it
    trace(createEventBus(), 'id');
    // @ts-expect-error nor does one across a broker
    trace(createBrokeredBus(memoryBroker(), { group: 'billing' }), 'id');
    // @ts-expect-error which chain?
    trace([message]);
    // @ts-expect-error an id is a text
    trace([message], 7);
  });

  it('gives what cannot be changed', () => {
    const tree = trace([message], message.id);
    // @ts-expect-error readonly
    tree.size = 0;
    // @ts-expect-error readonly
    tree.roots.push(tree.roots[0]!);
    // @ts-expect-error absent from roots
    const delay: number = tree.roots[0]!.delayMs;
    expectTypeOf(delay).toEqualTypeOf<number>();
  });
});
