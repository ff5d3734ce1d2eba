import {
  type BrokeredBusStats,
  type BrokeredEventBus,
  type BrokeredHandlerContext,
  type ConfirmedReport,
  createBrokeredBus,
  createEventBus,
  type DeliveryReport,
  defineEvent,
  type EventBus,
  type EventMessage,
  type EventSubject,
  type EventSubscription,
  memoryBroker,
  payload,
  type PublishReport,
} from 'millrace';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
const OrderPlaced = defineEvent('order.placed', z.object({ id: z.string(), total: z.number() }));
const Noted = defineEvent('noted', payload<string>());

const broker = memoryBroker();
const bus = createBrokeredBus(broker, { group: 'billing' });
const knowing = createBrokeredBus(broker, { group: 'billing', events: [UserSignedUp, OrderPlaced] });

describe('a brokered bus', () => {
  it('needs a broker and a group', () => {
    expectTypeOf(bus).toEqualTypeOf<BrokeredEventBus>();
    // @ts-expect-error no group
    createBrokeredBus(broker, {});
    // @ts-expect-error no options
    createBrokeredBus(broker);
    // @ts-expect-error no broker
    createBrokeredBus({ group: 'billing' });
    // @ts-expect-error an option of the bus in process
    createBrokeredBus(broker, { group: 'billing', maxEventsPerTurn: 5 });
    // @ts-expect-error emit cannot wait
    createBrokeredBus(broker, { group: 'billing', outgoing: { overflow: 'suspend' } });
  });

  it('confirms what is published', () => {
    expectTypeOf(bus.publish(OrderPlaced, { id: 'o1', total: 1 })).toEqualTypeOf<Promise<ConfirmedReport>>();
    expectTypeOf(bus.ingestAsync(OrderPlaced, {})).toEqualTypeOf<Promise<ConfirmedReport | false>>();
    expectTypeOf(bus.asEmitter().publish(Noted, 'x')).toEqualTypeOf<Promise<ConfirmedReport>>();
    // @ts-expect-error nobody has handled it yet
    void bus.publish(Noted, 'x').then(({ handlers }) => handlers);
    // @ts-expect-error wrong data
    void bus.publish(OrderPlaced, { id: 'o1' });
  });

  it('infers the events of its handlers, and tells them how often they were delivered', () => {
    const handler = bus.on(
      [OrderPlaced, UserSignedUp],
      (event, context) => {
        expectTypeOf(event.type).toEqualTypeOf<'order.placed' | 'user.signed_up'>();
        expectTypeOf(context).toEqualTypeOf<BrokeredHandlerContext>();
        expectTypeOf(context.deliveryCount).toEqualTypeOf<number>();
        expectTypeOf(context.publish(Noted, 'x')).toEqualTypeOf<Promise<ConfirmedReport>>();
      },
      { name: 'audit', redelivery: { maxDeliveries: 3, delayMs: 5, jitter: 'full' }, key: ({ id }) => id },
    );
    expectTypeOf(handler).toEqualTypeOf<EventSubscription>();
    bus.on(Noted, (events) => expectTypeOf(events).toEqualTypeOf<readonly EventMessage<'noted', string>[]>(), {
      name: 'batched',
      batch: { maxSize: 5 },
      from: { time: 0 },
    });
    bus.on('order.*', ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>(), { name: 'pattern' });
    // @ts-expect-error how often at most?
    bus.on(Noted, () => undefined, { name: 'count', redelivery: { delayMs: 5 } });
    // @ts-expect-error retryIf is a matter of retry
    bus.on(Noted, () => undefined, { name: 'count', redelivery: { maxDeliveries: 2, retryIf: () => true } });
  });

  it('knows its events, if it is told them', () => {
    knowing.on('order.*', ({ data }) => expectTypeOf(data.total).toEqualTypeOf<number>(), { name: 'pattern' });
    // @ts-expect-error not one of its events
    knowing.emit(Noted, 'x');
    // @ts-expect-error no event of it matches
    knowing.on('note.*', () => undefined, { name: 'pattern' });
  });

  it('has streams, subjects and views', () => {
    expectTypeOf(bus.events(Noted)).toEqualTypeOf<Observable<EventMessage<'noted', string>>>();
    expectTypeOf(bus.once(Noted)).toEqualTypeOf<Promise<EventMessage<'noted', string>>>();
    expectTypeOf(bus.subject(Noted)).toEqualTypeOf<EventSubject<'noted', string, ConfirmedReport>>();
    expectTypeOf(bus.ready).toEqualTypeOf<Promise<void>>();
    expectTypeOf(bus.stats()).toEqualTypeOf<BrokeredBusStats>();
    expectTypeOf(bus.stats().outgoing.waiting).toEqualTypeOf<number>();
    // @ts-expect-error a view does not send
    bus.asReadonly().emit(Noted, 'x');
  });

  it('can be disposed of', () => {
    expectTypeOf(bus).toExtend<AsyncDisposable & Disposable>();
  });
});

describe('code for both buses', () => {
  type Known = typeof OrderPlaced | typeof UserSignedUp;

  /** Written once, for either. */
  async function wire(any: EventBus<Known, PublishReport>): Promise<boolean> {
    any.on(
      OrderPlaced,
      async ({ data }, { publish, signal, emit }) => {
        expectTypeOf(data.total).toEqualTypeOf<number>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        emit(UserSignedUp, { userId: data.id });
        const { ok } = await publish(UserSignedUp, { userId: data.id });
        return ok;
      },
      { name: 'charge', concurrency: 4, retry: { maxAttempts: 3 } },
    );
    await any.ready;
    const report = await any.publish(OrderPlaced, { id: 'o1', total: 1 });
    expectTypeOf(report).toEqualTypeOf<ConfirmedReport | DeliveryReport>();
    if (report.stage === 'confirmed') expectTypeOf(report.id).toEqualTypeOf<string>();
    else expectTypeOf(report.handlers.length).toEqualTypeOf<number>();
    return report.ok;
  }

  it('takes the one and the other', () => {
    expectTypeOf(wire).toBeCallableWith(knowing);
    expectTypeOf(wire).toBeCallableWith(createEventBus({ events: [UserSignedUp, OrderPlaced] }));
    // @ts-expect-error it would not know the events
    void wire(createEventBus({ events: [Noted] }));
  });

  it('takes a bus of any event, too', () => {
    expectTypeOf(bus).toExtend<EventBus<Known, ConfirmedReport>>();
    expectTypeOf(wire).toBeCallableWith(bus);
  });
});
