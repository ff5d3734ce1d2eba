import {
  type BusHandlerContext,
  createEventBus,
  createEventSubject,
  type DeadLetterQueue,
  defineEvent,
  type DeliveryReport,
  type EventDefinition,
  type EventMessage,
  type EventSubject,
  type EventSubscription,
  payload,
  type ReportedError,
} from 'millrace';
import { map, type Observable, type Subject } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
const OrderPlaced = defineEvent('order.placed', z.object({ id: z.string(), total: z.number() }));
const Pinged = defineEvent('pinged', payload<void>());
const Noted = defineEvent('noted', payload<string | undefined>());

const bus = createEventBus();

describe('on', () => {
  it('infers the message of one event, with no cast', () => {
    bus.on(OrderPlaced, (event) => {
      expectTypeOf(event).toEqualTypeOf<EventMessage<'order.placed', { id: string; total: number }>>();
      expectTypeOf(event.type).toEqualTypeOf<'order.placed'>();
      expectTypeOf(event.data.total).toEqualTypeOf<number>();
      // @ts-expect-error no such property
      event.data.price;
    });
  });

  it('infers a union of a list, narrowed by event.type', () => {
    bus.on([OrderPlaced, UserSignedUp], (event) => {
      expectTypeOf(event.type).toEqualTypeOf<'order.placed' | 'user.signed_up'>();
      // @ts-expect-error not narrowed yet
      event.data.total;
      if (event.type === 'order.placed') {
        expectTypeOf(event.data).toEqualTypeOf<{ id: string; total: number }>();
      } else {
        expectTypeOf(event.data).toEqualTypeOf<{ userId: string }>();
      }
      // @ts-expect-error not in the list
      event.type === 'user.renamed';
    });
  });

  it('infers a union of a list that is kept in a variable', () => {
    const both = [OrderPlaced, UserSignedUp] as const;
    bus.on(both, ({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'order.placed' | 'user.signed_up'>();
    });
  });

  it('knows nothing of the data of a pattern, on a bus that does not know its events', () => {
    bus.on('user.*', (event) => {
      expectTypeOf(event).toEqualTypeOf<EventMessage>();
      expectTypeOf(event.data).toEqualTypeOf<unknown>();
      // @ts-expect-error unknown
      event.data.userId;
    });
  });

  it('takes a handler object, whose event is inferred too', () => {
    bus.on(OrderPlaced, {
      handle(event, context) {
        expectTypeOf(event.data.id).toEqualTypeOf<string>();
        expectTypeOf(context).toEqualTypeOf<BusHandlerContext>();
      },
    });
    // @ts-expect-error no handle
    bus.on(OrderPlaced, { run: () => undefined });
    // @ts-expect-error a handler is missing
    bus.on(OrderPlaced);
  });

  it('refuses a handler of another event', () => {
    // @ts-expect-error data of another event
    bus.on(OrderPlaced, (event: EventMessage<'order.placed', { userId: string }>) => event);
    // @ts-expect-error type of another event
    bus.on(OrderPlaced, (event: EventMessage<'user.renamed', { id: string; total: number }>) => event);
  });

  it('infers the event of its options', () => {
    bus.on(OrderPlaced, () => undefined, {
      key: (event) => {
        expectTypeOf(event.data.total).toEqualTypeOf<number>();
        return event.data.id;
      },
    });
    // @ts-expect-error no such property of the data
    bus.on(OrderPlaced, () => undefined, { key: (event) => event.data.userId });
    // @ts-expect-error no such overflow
    bus.on(OrderPlaced, () => undefined, { overflow: 'block' });
    // @ts-expect-error no such strategy
    bus.on(OrderPlaced, () => undefined, { strategy: 'merge' });
    // @ts-expect-error no such option
    bus.on(OrderPlaced, () => undefined, { concurency: 4 });
    // @ts-expect-error a timeout is a number
    bus.on(OrderPlaced, () => undefined, { timeoutMs: '5s' });
    // @ts-expect-error the scheduler is the bus's
    bus.on(OrderPlaced, () => undefined, { scheduler: undefined });
  });

  it('gives the context of a bus', () => {
    bus.on(OrderPlaced, async (_, { signal, attempt, emit, publish }) => {
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(attempt).toEqualTypeOf<number>();
      expectTypeOf(emit(UserSignedUp, { userId: 'u1' })).toEqualTypeOf<boolean>();
      expectTypeOf(await publish(UserSignedUp, { userId: 'u1' })).toEqualTypeOf<DeliveryReport>();
      // @ts-expect-error wrong data
      emit(UserSignedUp, { userId: 5 });
    });
  });

  it('returns a subscription that can be used', () => {
    const subscription = bus.on(OrderPlaced, () => undefined);
    expectTypeOf(subscription).toEqualTypeOf<EventSubscription>();
    expectTypeOf(subscription).toExtend<Disposable>();
    expectTypeOf(subscription).toExtend<AsyncDisposable>();
    // @ts-expect-error readonly
    subscription.name = 'other';
  });

  it('refuses what is no source', () => {
    // @ts-expect-error a message is no definition
    bus.on(OrderPlaced.create({ id: 'o1', total: 1 }), () => undefined);
    // @ts-expect-error a regular expression is no pattern
    bus.on(/user/u, () => undefined);
    // @ts-expect-error a list has no patterns
    bus.on([OrderPlaced, 'user.*'], () => undefined);
    // @ts-expect-error an empty list reaches nothing
    bus.on([], () => undefined);
  });
});

describe('once', () => {
  it('infers as on does, and returns a subscription for a handler', () => {
    const subscription = bus.once([OrderPlaced, UserSignedUp], (event) => {
      expectTypeOf(event.type).toEqualTypeOf<'order.placed' | 'user.signed_up'>();
    });
    expectTypeOf(subscription).toEqualTypeOf<EventSubscription>();
  });

  it('returns a promise of the message without a handler', () => {
    expectTypeOf(bus.once(OrderPlaced)).toEqualTypeOf<
      Promise<EventMessage<'order.placed', { id: string; total: number }>>
    >();
    expectTypeOf(bus.once('user.*', { signal: new AbortController().signal })).toEqualTypeOf<Promise<EventMessage>>();
  });
});

describe('emit and publish', () => {
  it('take the data of the event, and nothing else', () => {
    expectTypeOf(bus.emit(OrderPlaced, { id: 'o1', total: 1 })).toEqualTypeOf<boolean>();
    expectTypeOf(bus.publish(OrderPlaced, { id: 'o1', total: 1 })).toEqualTypeOf<Promise<DeliveryReport>>();
    // @ts-expect-error a property is missing
    bus.emit(OrderPlaced, { id: 'o1' });
    // @ts-expect-error a property has another type
    bus.emit(OrderPlaced, { id: 'o1', total: '1' });
    // @ts-expect-error a property too many
    bus.emit(OrderPlaced, { id: 'o1', total: 1, userId: 'u1' });
    // @ts-expect-error data is missing
    bus.emit(OrderPlaced);
    // @ts-expect-error data is missing
    void bus.publish(OrderPlaced);
    // @ts-expect-error data of another event
    void bus.publish(OrderPlaced, { userId: 'u1' });
    // @ts-expect-error a text is no definition
    bus.emit('order.placed', { id: 'o1', total: 1 });
  });

  it('may leave out the data of an event that has none', () => {
    bus.emit(Pinged);
    void bus.publish(Pinged);
    bus.emit(Pinged, undefined, { subject: 's' });
    bus.emit(Noted);
    bus.emit(Noted, 'a note');
    // @ts-expect-error it has no data
    bus.emit(Pinged, { id: 'o1' });
    // @ts-expect-error another type of data
    bus.emit(Noted, 5);
  });

  it('take a signal for publish only', () => {
    const { signal } = new AbortController();
    void bus.publish(OrderPlaced, { id: 'o1', total: 1 }, { signal, subject: 'o1' });
    // @ts-expect-error an emit does not wait
    bus.emit(OrderPlaced, { id: 'o1', total: 1 }, { signal });
    // @ts-expect-error no such option
    bus.emit(OrderPlaced, { id: 'o1', total: 1 }, { delayMs: 5 });
  });

  it('report what became of each handler', () => {
    const report = {} as DeliveryReport;
    expectTypeOf(report.stage).toEqualTypeOf<'settled'>();
    expectTypeOf(report.handlers[0]!.outcome).toEqualTypeOf<'dead' | 'dropped' | 'handled' | 'rejected'>();
    expectTypeOf(report.handlers[0]!.error).toEqualTypeOf<unknown>();
    // @ts-expect-error readonly
    report.ok = true;
  });
});

describe('ingest', () => {
  it('takes anything for data: the schema decides', () => {
    expectTypeOf(bus.ingest(OrderPlaced, JSON.parse('{}'))).toEqualTypeOf<boolean>();
    expectTypeOf(bus.ingest(OrderPlaced, 42)).toEqualTypeOf<boolean>();
    expectTypeOf(bus.ingestAsync(OrderPlaced, undefined)).toEqualTypeOf<Promise<DeliveryReport | false>>();
    // @ts-expect-error a definition is missing
    bus.ingest({ id: 'o1' });
  });
});

describe('events', () => {
  it('are an Observable of the messages, narrowed as in on', () => {
    expectTypeOf(bus.events(OrderPlaced)).toEqualTypeOf<
      Observable<EventMessage<'order.placed', { id: string; total: number }>>
    >();
    expectTypeOf(bus.events('user.*')).toEqualTypeOf<Observable<EventMessage>>();
    bus.events([OrderPlaced, UserSignedUp]).pipe(
      map((event) => {
        if (event.type === 'user.signed_up') expectTypeOf(event.data).toEqualTypeOf<{ userId: string }>();
        return event.type;
      }),
    );
    // @ts-expect-error nobody feeds an Observable
    bus.events(OrderPlaced).next;
  });
});

describe('subject', () => {
  const subject = bus.subject(OrderPlaced);

  it('is an EventSubject of its event, and a Subject', () => {
    expectTypeOf(subject).toEqualTypeOf<EventSubject<'order.placed', { id: string; total: number }>>();
    expectTypeOf(subject).toExtend<Subject<EventMessage<'order.placed', { id: string; total: number }>>>();
    expectTypeOf(subject.definition).toEqualTypeOf<EventDefinition<'order.placed', { id: string; total: number }>>();
  });

  it('takes and gives the data of its event', () => {
    subject.emit({ id: 'o1', total: 1 });
    subject.next(OrderPlaced.create({ id: 'o1', total: 1 }));
    subject.on(({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string; total: number }>();
    });
    subject.subscribe(({ type }) => {
      expectTypeOf(type).toEqualTypeOf<'order.placed'>();
    });
    bus.subject(Pinged).emit();
    // @ts-expect-error wrong data
    subject.emit({ id: 'o1' });
    // @ts-expect-error data is missing
    subject.emit();
    // @ts-expect-error data is not a message
    subject.next({ id: 'o1', total: 1 });
    // @ts-expect-error a message of another event
    subject.next(UserSignedUp.create({ userId: 'u1' }));
  });

  it('stands alone, too', () => {
    const alone = createEventSubject(OrderPlaced, { replay: 1 });
    expectTypeOf(alone).toEqualTypeOf<EventSubject<'order.placed', { id: string; total: number }>>();
    // @ts-expect-error a pattern has no subject
    createEventSubject('order.*');
    // @ts-expect-error no such option
    createEventSubject(OrderPlaced, { buffer: 1 });
  });
});

describe('the rest of a bus', () => {
  it('has letters and errors, and is disposable', () => {
    expectTypeOf(bus.deadLetters).toEqualTypeOf<DeadLetterQueue>();
    expectTypeOf(bus.errors).toEqualTypeOf<Observable<ReportedError>>();
    expectTypeOf(bus.ready).toEqualTypeOf<Promise<void>>();
    expectTypeOf(bus).toExtend<AsyncDisposable & Disposable>();
    // @ts-expect-error readonly
    bus.deadLetters = createEventBus().deadLetters;
    // @ts-expect-error no such option
    void bus.drain({ timeoutMs: 5 });
    // @ts-expect-error no such option
    createEventBus({ schedular: undefined });
  });
});

describe('a read-only view', () => {
  const view = bus.asReadonly();

  it('listens', () => {
    view.on(OrderPlaced, ({ data }) => {
      expectTypeOf(data.total).toEqualTypeOf<number>();
    });
    expectTypeOf(view.once(OrderPlaced)).toEqualTypeOf<
      Promise<EventMessage<'order.placed', { id: string; total: number }>>
    >();
  });

  it('has nothing that sends or ends', () => {
    // @ts-expect-error not on this side
    view.emit(OrderPlaced, { id: 'o1', total: 1 });
    // @ts-expect-error not on this side
    view.publish(OrderPlaced, { id: 'o1', total: 1 });
    // @ts-expect-error not on this side
    view.ingest(OrderPlaced, {});
    // @ts-expect-error not on this side
    view.subject(OrderPlaced);
    // @ts-expect-error not on this side
    view.close();
    // @ts-expect-error not on this side
    view.drain();
  });
});

describe('an emitter view', () => {
  const view = bus.asEmitter();

  it('sends', () => {
    expectTypeOf(view.emit(OrderPlaced, { id: 'o1', total: 1 })).toEqualTypeOf<boolean>();
    // @ts-expect-error wrong data
    view.emit(OrderPlaced, { id: 'o1' });
  });

  it('has nothing that listens or ends', () => {
    // @ts-expect-error not on this side
    view.on(OrderPlaced, () => undefined);
    // @ts-expect-error not on this side
    view.once(OrderPlaced);
    // @ts-expect-error not on this side
    view.events(OrderPlaced);
    // @ts-expect-error not on this side
    view.deadLetters;
    // @ts-expect-error not on this side
    view.close();
  });
});
