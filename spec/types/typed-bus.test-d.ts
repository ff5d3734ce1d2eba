import { createEventBus, defineEvent, type EventBus, type EventMessage, payload } from 'millrace';
import { describe, expectTypeOf, it } from 'vitest';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
const UserRenamed = defineEvent('user.renamed', payload<{ userId: string; name: string }>());
const AddressChanged = defineEvent('user.address.changed', payload<{ street: string }>());
const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());
const Unknown = defineEvent('unknown', payload<number>());

const bus = createEventBus({ events: [UserSignedUp, UserRenamed, AddressChanged, OrderPlaced] });

describe('a bus that knows its events', () => {
  it('has the events in its type', () => {
    expectTypeOf(bus).toEqualTypeOf<
      EventBus<typeof AddressChanged | typeof OrderPlaced | typeof UserRenamed | typeof UserSignedUp>
    >();
  });

  it('infers one event and a list as any bus does', () => {
    bus.on(UserSignedUp, ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ userId: string }>();
    });
    bus.on([UserSignedUp, OrderPlaced], (event) => {
      if (event.type === 'order.placed') expectTypeOf(event.data).toEqualTypeOf<{ id: string }>();
      else expectTypeOf(event.data).toEqualTypeOf<{ userId: string }>();
    });
  });

  it('infers what a pattern matches: * is one token', () => {
    bus.on('user.*', (event) => {
      expectTypeOf(event).toEqualTypeOf<
        | EventMessage<'user.renamed', { userId: string; name: string }>
        | EventMessage<'user.signed_up', { userId: string }>
      >();
      if (event.type === 'user.renamed') expectTypeOf(event.data.name).toEqualTypeOf<string>();
    });
    bus.on('*.placed', ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'order.placed'>();
    });
    bus.on('user.*.changed', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ street: string }>();
    });
    bus.on('user.signed_up', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ userId: string }>();
    });
  });

  it('infers what a pattern matches: > is one token or more', () => {
    bus.on('user.>', ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'user.address.changed' | 'user.renamed' | 'user.signed_up'>();
    });
    bus.on('user.address.>', ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'user.address.changed'>();
    });
    bus.on('>', ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'order.placed' | 'user.address.changed' | 'user.renamed' | 'user.signed_up'>();
    });
    expectTypeOf(bus.once('order.*')).toEqualTypeOf<Promise<EventMessage<'order.placed', { id: string }>>>();
    bus.events('order.>').subscribe(({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string }>();
    });
  });

  it('refuses a pattern that nothing matches', () => {
    // @ts-expect-error a typing mistake
    bus.on('usr.*', () => undefined);
    // @ts-expect-error one token too few
    bus.on('user', () => undefined);
    // @ts-expect-error one token too many
    bus.on('order.placed.*', () => undefined);
    // @ts-expect-error > is one token at least
    bus.on('order.placed.>', () => undefined);
    // @ts-expect-error * is exactly one token
    bus.on('*', () => undefined);
    // @ts-expect-error an unknown type
    bus.events('order.shipped');
    // @ts-expect-error an unknown type
    void bus.once('order.shipped');
  });

  it('refuses an event that it does not know', () => {
    // @ts-expect-error not among its events
    bus.emit(Unknown, 1);
    // @ts-expect-error not among its events
    void bus.publish(Unknown, 1);
    // @ts-expect-error not among its events
    bus.on(Unknown, () => undefined);
    // @ts-expect-error not among its events
    bus.on([UserSignedUp, Unknown], () => undefined);
    // @ts-expect-error not among its events
    bus.subject(Unknown);
    // @ts-expect-error not among its events
    bus.ingest(Unknown, 1);
    // @ts-expect-error not among its events
    bus.events(Unknown);
  });

  it('refuses another definition of a type that it knows', () => {
    const Impostor = defineEvent('order.placed', payload<{ price: number }>());
    // @ts-expect-error other data
    bus.emit(Impostor, { price: 1 });
  });

  it('gives handlers an emit that knows the same events', () => {
    bus.on(UserSignedUp, (_, { emit, publish }) => {
      emit(OrderPlaced, { id: 'o1' });
      void publish(OrderPlaced, { id: 'o1' });
      // @ts-expect-error wrong data
      emit(OrderPlaced, { id: 1 });
      // @ts-expect-error not among its events
      emit(Unknown, 1);
    });
  });

  it('hands its knowledge on to its views', () => {
    bus.asEmitter().emit(OrderPlaced, { id: 'o1' });
    bus.asReadonly().on('user.*', ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'user.renamed' | 'user.signed_up'>();
    });
    // @ts-expect-error not among its events
    bus.asEmitter().emit(Unknown, 1);
    // @ts-expect-error a pattern that nothing matches
    bus.asReadonly().on('usr.*', () => undefined);
  });

  it('takes its events from a list that is kept in a variable', () => {
    const events = [UserSignedUp, OrderPlaced] as const;
    const typed = createEventBus({ events });
    typed.emit(OrderPlaced, { id: 'o1' });
    // @ts-expect-error not among its events
    typed.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
  });
});

describe('a function that takes a bus', () => {
  it('can ask for the events that it needs, on the side that it needs', () => {
    const welcome = (listener: { readonly on: EventBus<typeof UserSignedUp>['on'] }): void => {
      listener.on(UserSignedUp, ({ data }) => {
        expectTypeOf(data.userId).toEqualTypeOf<string>();
      });
    };
    expectTypeOf(welcome).toBeFunction();
  });
});
