import {
  createDeadLetterQueue,
  defineEvent,
  type EventDefinition,
  memoryEventStore,
  payload,
  type Projection,
  type ProjectionContext,
  type ProjectionDefinition,
  type ProjectionProgress,
  projectionProgress,
  type ProjectionStats,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const Opened = defineEvent('account.opened', z.object({ at: z.coerce.date() }));
const store = memoryEventStore();

describe('runProjection', () => {
  it('knows the events of each handler by its type', () => {
    const projection = runProjection(store, {
      name: 'p',
      events: [Deposited, Opened],
      key: ({ stream, type }) => {
        expectTypeOf(type).toEqualTypeOf<'account.deposited' | 'account.opened'>();
        return stream;
      },
      on: {
        'account.deposited': (event, context) => {
          expectTypeOf(event).toEqualTypeOf<RecordedEvent<'account.deposited', { amount: number }>>();
          expectTypeOf(context).toEqualTypeOf<ProjectionContext>();
        },
        'account.opened': { handle: ({ data }) => expectTypeOf(data.at).toEqualTypeOf<Date>() },
      },
    });
    expectTypeOf(projection).toEqualTypeOf<Projection>();
    expectTypeOf(projection.stats()).toEqualTypeOf<ProjectionStats>();
    expectTypeOf(projection.rebuild()).toEqualTypeOf<Promise<number>>();
  });

  it('gives one handler a union that is narrowed by its type', () => {
    runProjection(store, {
      name: 'p',
      events: [Deposited, Opened],
      on: (event) => {
        if (event.type === 'account.opened') expectTypeOf(event.data.at).toEqualTypeOf<Date>();
        else expectTypeOf(event.data.amount).toEqualTypeOf<number>();
        expectTypeOf(event.position).toEqualTypeOf<number>();
      },
    });
  });

  it('knows nothing of the data without definitions', () => {
    runProjection(store, { name: 'p', on: ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>() });
    runProjection(store, {
      name: 'p',
      on: { 'account.deposited': (event) => expectTypeOf(event).toEqualTypeOf<RecordedEvent>() },
    });
  });

  it('gives arrays to a handler of batches', () => {
    runProjection(store, {
      name: 'p',
      events: [Deposited],
      batch: { maxSize: 10 },
      on: (events, { generation }) => {
        expectTypeOf(events).toEqualTypeOf<readonly RecordedEvent<'account.deposited', { amount: number }>[]>();
        expectTypeOf(generation).toEqualTypeOf<number>();
      },
    });
    // @ts-expect-error handlers by type take one event at a time
    runProjection(store, { name: 'p', events: [Deposited], batch: {}, on: { 'account.deposited': () => undefined } });
  });

  it('refuses what cannot be', () => {
    // @ts-expect-error no name
    runProjection(store, { on: () => undefined });
    // @ts-expect-error no handler
    runProjection(store, { name: 'p', events: [Deposited] });
    // @ts-expect-error a type that is not among the events
    runProjection(store, { name: 'p', events: [Deposited], on: { 'account.opened': () => undefined } });
    // @ts-expect-error data that it does not have
    runProjection(store, { name: 'p', events: [Deposited], on: ({ data }) => data.sum });
    // @ts-expect-error nothing that a store keeps may be dropped
    runProjection(store, { name: 'p', on: () => undefined, overflow: 'drop-oldest' });
    // @ts-expect-error all are handled in turn
    runProjection(store, { name: 'p', on: () => undefined, strategy: 'switch' });
    // @ts-expect-error neither goes on nor stops
    runProjection(store, { name: 'p', on: () => undefined, onFailure: 'ignore' });
    const definition: ProjectionDefinition = { name: 'p', on: () => undefined };
    // @ts-expect-error letters of other events
    runProjection(store, definition, { deadLetters: createDeadLetterQueue<string>() });
  });

  it('takes a definition that was made before', () => {
    const balances: ProjectionDefinition<typeof Deposited> = {
      name: 'balances',
      events: [Deposited],
      streams: { prefix: 'account-' },
      onFailure: 'dead-letter',
      on: { 'account.deposited': ({ data }) => data.amount },
      prepare: (generation) => expectTypeOf(generation).toEqualTypeOf<number>(),
      discard: async (generation) => expectTypeOf(generation).toEqualTypeOf<number>(),
    };
    expectTypeOf(runProjection(store, balances)).toEqualTypeOf<Projection>();
    const any: ProjectionDefinition = { name: 'any', on: ({ data }) => data };
    expectTypeOf(any.events).toEqualTypeOf<readonly EventDefinition[] | undefined>();
  });
});

describe('projectionProgress', () => {
  it('needs documents', () => {
    expectTypeOf(projectionProgress(store.documents, 'p')).toEqualTypeOf<Promise<ProjectionProgress | undefined>>();
    // @ts-expect-error a store is no documents
    void projectionProgress(store, 'p');
  });
});
