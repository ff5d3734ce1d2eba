import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  createBrokeredBus,
  createChannel,
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  defineEvent,
  type EventMessage,
  memoryBroker,
  memoryEventStore,
  payload,
  runProjection,
} from 'millrace';
import { otelTraces, traceHeaders } from 'millrace/otel';
import { NEVER, throwError, VirtualTimeScheduler } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  disableContexts,
  drawTree,
  expectConventions,
  recordSpans,
  registerContexts,
  within,
} from './recorded-spans.ts';

const Placed = defineEvent('order.placed', payload<string>());
const Charged = defineEvent('order.charged', payload<string>());

beforeEach(registerContexts);
afterEach(disableContexts);

describe('the spans of a bus', () => {
  it('are one for what is published, and one for each handling below it', async () => {
    const recorder = recordSpans();
    const bus = createEventBus({ name: 'orders', probe: recorder.probe });
    bus.on(Placed, () => undefined, { name: 'charge' });
    bus.on(Placed, async () => undefined, { name: 'pack' });
    await bus.publish(Placed, 'a', { id: 'm1', headers: { correlationId: 'c1' } });
    expect(drawTree(recorder.spans())).toStrictEqual([
      'PRODUCER publish order.placed',
      '  CONSUMER process order.placed by charge',
      '  CONSUMER process order.placed by pack',
    ]);
    expectConventions(recorder.spans());
    const [sent, handled] = recorder.spans();
    expect(sent!.attributes).toStrictEqual({
      'messaging.system.name': 'millrace',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'order.placed',
      'messaging.message.id': 'm1',
      'messaging.message.conversation_id': 'c1',
    });
    expect(handled!.attributes).toStrictEqual({
      'messaging.system.name': 'millrace',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'order.placed',
      'messaging.consumer.group.name': 'orders',
      'messaging.destination.subscription.name': 'charge',
      'messaging.message.id': 'm1',
      'messaging.message.conversation_id': 'c1',
      'millrace.wait.duration': expect.any(Number) as number,
      'millrace.outcome': 'handled',
      'millrace.attempts': 1,
    });
    expect(handled!.events.map(({ name, attributes }) => [name, attributes])).toStrictEqual([
      ['millrace.attempt.started', { 'millrace.attempt': 1 }],
    ]);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('hang below the active one, and what a handler does and emits, whenever, hangs below its own', async () => {
    const recorder = recordSpans();
    const bus = createEventBus({ name: 'orders', probe: recorder.probe });
    bus.on(
      Placed,
      async ({ data }, { emit }) => {
        await sleep(1);
        recorder.provider.getTracer('user').startSpan('SELECT').end();
        emit(Charged, data);
      },
      { name: 'charge' },
    );
    bus.on(Charged, () => undefined, { name: 'mail' });
    within(recorder, 'POST /orders', () => bus.emit(Placed, 'a'));
    await bus.drain();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'INTERNAL POST /orders',
      '  PRODUCER publish order.placed',
      '    CONSUMER process order.placed by charge',
      '      INTERNAL SELECT',
      '      PRODUCER publish order.charged',
      '        CONSUMER process order.charged by mail',
    ]);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('are below the context that a message brings, where none is active', () => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    bus.emit(Placed, 'a', { headers: { traceparent, tracestate: 'vendor=1' } });
    const [span] = recorder.spans();
    expect(span!.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span!.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(span!.spanContext().traceState!.serialize()).toBe('vendor=1');
  });

  it('have the attempts as events, with the error and the time before the next one', () => {
    const scheduler = new VirtualTimeScheduler();
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe, scheduler });
    const fail = () => throwError(() => new RangeError('no card'));
    bus.on(Placed, fail, { name: 'charge', retry: { maxAttempts: 2, delayMs: 250 } });
    bus.deadLetters.subscribe();
    bus.emit(Placed, 'a');
    scheduler.flush();
    const span = recorder.spans()[1]!;
    expect(span.events.map(({ name, attributes }) => [name, attributes])).toStrictEqual([
      ['millrace.attempt.started', { 'millrace.attempt': 1 }],
      [
        'millrace.attempt.failed',
        {
          'millrace.attempt': 1,
          'error.type': 'RangeError',
          'exception.message': 'no card',
          'millrace.retry.delay': 0.25,
        },
      ],
      ['millrace.attempt.started', { 'millrace.attempt': 2 }],
      [
        'exception',
        expect.objectContaining({ 'exception.type': 'RangeError', 'exception.message': 'no card' }) as object,
      ],
    ]);
    expect(span.status).toStrictEqual({ code: SpanStatusCode.ERROR, message: 'no card' });
    expect(span.attributes).toMatchObject({
      'error.type': 'RangeError',
      'millrace.outcome': 'dead',
      'millrace.reason': 'exhausted',
      'millrace.attempts': 2,
      'millrace.dead_letter.id': expect.any(String) as string,
    });
    expectConventions(recorder.spans());
    expect(recorder.open()).toStrictEqual([]);
  });

  it.each([
    ['a text', 'no', 'string', 'no'],
    [
      'an error of a class that has no name of its own',
      new (class CardError extends Error {})('declined'),
      'CardError',
      'declined',
    ],
    [
      'an error that throws when it is looked at',
      Object.defineProperty(new Error('x'), 'name', {
        get: () => {
          throw new Error('y');
        },
      }),
      'unknown',
      'x',
    ],
    ['an object without a text', Object.create(null), 'object', 'an error without a text'],
  ])('name the class of %s', (_, error: unknown, type, message) => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    bus.on(Placed, () => throwError(() => error), { name: 'charge' });
    bus.emit(Placed, 'a');
    const [, span] = recorder.spans();
    expect([span!.attributes['error.type'], span!.status.message]).toStrictEqual([type, message]);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('go on in the same trace when an event is redriven, with a link to the handling that had failed', async () => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    let isMended = false;
    const charge = async (
      { data }: EventMessage,
      { emit }: { emit: (...sent: [typeof Charged, string]) => boolean },
    ) => {
      if (!isMended) throw new Error('no card');
      emit(Charged, String(data));
    };
    bus.on(Placed, charge, { name: 'charge' });
    await bus.publish(Placed, 'a');
    isMended = true;
    await bus.deadLetters.redrive();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'PRODUCER publish order.placed',
      '  CONSUMER process order.placed by charge ERROR Error',
      '  CONSUMER process order.placed by charge (1 link)',
      '    PRODUCER publish order.charged',
    ]);
    const [, failed, redriven] = recorder.spans();
    const { traceId, spanId } = failed!.spanContext();
    expect(redriven!.links[0]!.context).toMatchObject({ traceId, spanId, isRemote: true });
    expect(redriven!.attributes['millrace.redriven']).toBe(1);
    expectConventions(recorder.spans());
  });

  it('are one for a batch, with a link to each event, and below the first of them if they are of one trace', async () => {
    const recorder = recordSpans();
    const bus = createEventBus({ name: 'orders', probe: recorder.probe });
    const load = (): Promise<void> => Promise.resolve(recorder.provider.getTracer('user').startSpan('INSERT').end());
    bus.on([Placed, Charged], load, { name: 'load', batch: { maxSize: 3, maxWaitMs: 1_000 } });
    for (const id of ['a', 'b', 'c']) bus.emit(Placed, id, { id });
    within(recorder, 'POST /orders', () => [Placed, Charged, Placed].map((event) => bus.emit(event, 'd')));
    await bus.drain();
    const { batches, others } = split(recorder.spans());
    expect(drawTree([...others, ...batches])).toStrictEqual([
      'PRODUCER publish order.placed',
      'PRODUCER publish order.placed',
      'PRODUCER publish order.placed',
      'INTERNAL POST /orders',
      '  PRODUCER publish order.placed',
      '    CONSUMER process by load (3 links)',
      '      INTERNAL INSERT',
      '  PRODUCER publish order.charged',
      '  PRODUCER publish order.placed',
      'CONSUMER process order.placed by load (3 links)',
      '  INTERNAL INSERT',
    ]);
    const apart = batches.find(({ name }) => name === 'process order.placed');
    expect(apart!.attributes['messaging.batch.message_count']).toBe(3);
    expect(apart!.links.map(({ attributes }) => attributes!['messaging.message.id'])).toStrictEqual(['a', 'b', 'c']);
    expect(apart!.links.map((link) => link.context.traceId)).toStrictEqual(
      others.slice(0, 3).map((span) => span.spanContext().traceId),
    );
    expectConventions(recorder.spans());
    expect(recorder.open()).toStrictEqual([]);
  });

  it('of a batch have each attempt once, and fail once', async () => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    const options = { name: 'load', batch: { maxSize: 2, maxWaitMs: 1 }, retry: { maxAttempts: 2, delayMs: 0 } };
    bus.on(Placed, () => Promise.reject(new Error('no')), options);
    for (const id of ['a', 'b']) bus.emit(Placed, id);
    await bus.drain();
    const [, , batch, ...others] = recorder.spans();
    expect(others).toStrictEqual([]);
    expect(batch!.events.map(({ name }) => name)).toStrictEqual([
      'millrace.attempt.started',
      'millrace.attempt.failed',
      'millrace.attempt.started',
      'exception',
    ]);
    expectConventions(recorder.spans());
    expect(recorder.open()).toStrictEqual([]);
  });

  it.each([
    ['that time out', { timeoutMs: 5 }, 'dead', 'timeout'],
    ['that their key cannot be told of', { key: () => JSON.parse('{') as unknown }, 'dead', 'invalid-key'],
    ['that are superseded', { strategy: 'switch' } as const, 'dropped', 'superseded'],
    ['that find no room', { capacity: 0 }, 'dead', 'overflow'],
    ['that find it busy', { strategy: 'exhaust' } as const, 'dropped', 'busy'],
    ['that come too late', { capacity: 0, overflow: 'drop-newest' } as const, 'dropped', 'drop-newest'],
    ['that are abandoned', {}, 'dead', 'abandoned'],
  ])('end with handlings %s', async (_, options, outcome, reason) => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    bus.on(Placed, () => NEVER, { name: 'charge', ...options });
    bus.emit(Placed, 'a');
    bus.emit(Placed, 'b');
    if ('timeoutMs' in options) await sleep(20);
    await bus.drain({ deadlineMs: 1 });
    expect(recorder.open()).toStrictEqual([]);
    const ends = recorder
      .spans()
      .map(({ attributes }) => [attributes['millrace.outcome'], attributes['millrace.reason']]);
    expect(ends).toContainEqual([outcome, reason]);
    expect(recorder.spans()).toHaveLength(4);
    expectConventions(recorder.spans());
  });

  it('end with a close, if their letters wait to be stored then when they are', async () => {
    const recorder = recordSpans();
    let store = (): void => {};
    const stored = new Promise<void>((resolve) => (store = resolve));
    const deadLetters = createDeadLetterQueue<string>({
      store: { add: () => stored, remove: () => {}, list: () => [] },
    });
    const resize = (path: string) => (path === 'a' ? throwError(() => new TypeError('no')) : NEVER);
    const processor = createProcessor(resize, { name: 'resize', probe: recorder.probe, concurrency: 2, deadLetters });
    processor.trySend('a');
    processor.trySend('b');
    processor.close();
    expect(recorder.open()).toStrictEqual(['process', 'process']);
    store();
    await expect.poll(() => recorder.open()).toStrictEqual([]);
    expect(recorder.spans().map(({ attributes }) => attributes['millrace.reason'])).toStrictEqual([
      'exhausted',
      'abandoned',
    ]);
  });

  it('end where the probe is taken away, of what is on its way and of what is handled', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'orders' });
    const local = createEventBus();
    const watching = bus.addProbe(recorder.probe);
    watching.add(local.addProbe(recorder.probe));
    local.on(Placed, () => NEVER, { name: 'charge' });
    local.emit(Placed, 'a');
    const confirming = bus.publish(Placed, 'b');
    expect(recorder.open()).toHaveLength(2);
    watching.unsubscribe();
    expect(recorder.open()).toStrictEqual([]);
    await confirming;
    local.close();
  });
});

describe('the spans of what goes through a broker', () => {
  it('of one bus go on where the probe is taken away from another, though their messages have one id', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker();
    await using one = createBrokeredBus(broker, { group: 'web' });
    await using two = createBrokeredBus(broker, { group: 'mail', probe: recorder.probe });
    const watching = one.addProbe(recorder.probe);
    const confirming = [one, two].map((bus) => bus.publish(Placed, 'a', { id: 'm' }));
    watching.unsubscribe();
    expect(recorder.open()).toHaveLength(1);
    await Promise.all(confirming);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('end when the broker has confirmed, and those of handlers are below them', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker({ name: 'kafka' });
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    bus.on(Placed, () => undefined, { name: 'charge' });
    await bus.ready;
    const confirming = within(recorder, 'POST /orders', () => bus.publish(Placed, 'a'));
    expect(recorder.open()).toStrictEqual(['publish order.placed']);
    await confirming;
    bus.emit(Placed, 'b');
    expect(recorder.open()).toContain('publish order.placed');
    await bus.drain();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'INTERNAL POST /orders',
      '  PRODUCER publish order.placed',
      '    CONSUMER process order.placed by charge',
      'PRODUCER publish order.placed',
    ]);
    for (const { attributes, kind } of recorder.spans()) {
      if (kind !== SpanKind.INTERNAL) expect(attributes['messaging.system.name']).toBe('kafka');
    }
    expectConventions(recorder.spans());
    expect(recorder.open()).toStrictEqual([]);
  });

  it('fail with what was not confirmed', async () => {
    const recorder = recordSpans();
    const broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    await broker.close();
    await expect(bus.publish(Placed, 'a')).rejects.toThrow();
    const [span] = recorder.spans();
    expect(span!.attributes['error.type']).toBe('ClosedError');
    expect(span!.status.code).toBe(SpanStatusCode.ERROR);
    expectConventions(recorder.spans());
    expect(recorder.open()).toStrictEqual([]);
    bus.close();
  });

  it('know two messages of one id', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    await Promise.all([bus.publish(Placed, 'a', { id: 'm' }), bus.publish(Placed, 'a', { id: 'm' })]);
    expect(recorder.spans()).toHaveLength(2);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('say what went back to the broker, and hold each delivery apart', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    let deliveries = 0;
    const charge = async (): Promise<void> => {
      if (++deliveries === 1) throw new Error('no card');
    };
    bus.on(Placed, charge, { name: 'charge', redelivery: { maxDeliveries: 2, delayMs: 0 } });
    await bus.ready;
    await bus.publish(Placed, 'a');
    await expect.poll(() => deliveries).toBe(2);
    await bus.drain();
    const [, first, second] = recorder.spans();
    expect(first!.attributes).toMatchObject({ 'millrace.outcome': 'dropped', 'millrace.reason': 'handed-back' });
    expect(second!.attributes).toMatchObject({ 'millrace.outcome': 'handled' });
    expect(second!.parentSpanContext!.spanId).toBe(first!.parentSpanContext!.spanId);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('carry baggage to handlers, and on to what they send', async () => {
    const recorder = recordSpans();
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    const seen: unknown[] = [];
    const note = (): void => void seen.push(propagation.getActiveBaggage()?.getEntry('tenant')?.value);
    bus.on(Placed, ({ data }, { emit }) => (note(), void emit(Charged, data)), { name: 'charge' });
    bus.on(Charged, note, { name: 'mail' });
    await bus.ready;
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () => bus.publish(Placed, 'a'));
    await expect.poll(() => seen).toStrictEqual(['acme', 'acme']);
  });
});

describe('the spans of processors, channels and projections', () => {
  it('are below what was active when an item was offered, even if it had to wait for room', async () => {
    const recorder = recordSpans();
    const processor = createProcessor<object | string>(() => sleep(2), {
      name: 'resize',
      capacity: 0,
      probe: recorder.probe,
    });
    const offer = (name: string, item: object | string) => within(recorder, name, () => processor.send(item));
    const sent = [offer('GET /a', { path: 'a' }), offer('GET /b', { path: 'b' }), offer('GET /c', { path: 'c' })];
    for (const accepted of await Promise.all(sent)) await accepted.settled;
    await within(recorder, 'GET /d', () => processor.send('d')).then(({ settled }) => settled);
    expect(drawTree(recorder.spans())).toStrictEqual(
      ['a', 'b', 'c', 'd'].flatMap((name) => [`INTERNAL GET /${name}`, '  CONSUMER process by resize']),
    );
    expectConventions(recorder.spans());
  });

  it('of items that come from nowhere have traces of their own', async () => {
    const recorder = recordSpans();
    const processor = createProcessor<string>(() => undefined, { name: 'resize', probe: recorder.probe });
    const channel = createChannel<string>({ capacity: 2, name: 'paths', probe: recorder.probe });
    processor.trySend('a');
    within(recorder, 'GET /b', () => channel.trySend('b'));
    // Whoever takes it does so within something else.
    const workers = within(recorder, 'start', () => channel.process(() => undefined, { name: 'worker' }));
    channel.close();
    await workers.drain();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'CONSUMER process by resize',
      'INTERNAL GET /b',
      'INTERNAL start',
      'CONSUMER process by worker',
    ]);
    expect(recorder.spans()[3]!.attributes['messaging.consumer.group.name']).toBe('paths');
  });

  it('of an item that is redriven are below the handling that had failed', async () => {
    const recorder = recordSpans();
    let isMended = false;
    const resize = () => (isMended ? undefined : Promise.reject(new Error('no')));
    const processor = createProcessor<string>(resize, { name: 'resize', probe: recorder.probe });
    await (
      await processor.send('a')
    ).settled;
    isMended = true;
    await processor.deadLetters.redrive();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'CONSUMER process by resize ERROR Error',
      '  CONSUMER process by resize (1 link)',
    ]);
  });

  it('of a projection are below whatever has appended its events', async () => {
    const recorder = recordSpans();
    await using store = memoryEventStore();
    const append = () => store.append('o-1', { type: 'order.placed', data: 'a', headers: traceHeaders() });
    await within(recorder, 'POST /orders', append);
    await store.append('o-2', { type: 'order.placed', data: 'b' });
    const projection = runProjection(store, { name: 'totals', on: () => undefined }, { probe: recorder.probe });
    await projection.caughtUp();
    await projection.close();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'INTERNAL POST /orders',
      '  CONSUMER process order.placed by totals',
      'CONSUMER process order.placed by totals',
    ]);
    expectConventions(recorder.spans());
  });
});

describe('contexts', () => {
  it('are carried in traceparent by themselves, where no propagator is registered', async () => {
    propagation.disable();
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    let headers: unknown;
    bus.on(Placed, (message) => void (headers = message.headers), { name: 'charge' });
    within(recorder, 'POST /orders', () => bus.emit(Placed, 'a'));
    const [, sent, handled] = recorder.spans();
    const { traceId, spanId } = sent!.spanContext();
    expect(headers).toStrictEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    expect(handled!.parentSpanContext).toMatchObject({ traceId, spanId });
    expect(traceHeaders()).toStrictEqual({});
  });

  it('that are damaged begin a trace of their own', () => {
    propagation.disable();
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const damaged = [
      `ff${valid.slice(2)}`,
      `${valid}-more`,
      valid.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
      valid.replace('b', 'x'),
    ];
    for (const traceparent of damaged) bus.emit(Placed, 'a', { headers: { traceparent } });
    bus.emit(Placed, 'a', { headers: { traceparent: `01${valid.slice(2)}-more` } });
    expect(recorder.spans().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toStrictEqual([
      ...damaged.map(() => undefined),
      'b7ad6b7169203331',
    ]);
  });

  it('are those of traceHeaders, with the propagator that is registered', () => {
    const recorder = recordSpans();
    const headers = within(recorder, 'job', () => traceHeaders());
    const { traceId, spanId } = recorder.spans()[0]!.spanContext();
    expect(headers).toStrictEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    expect(traceHeaders()).toStrictEqual({});
    expect(() => traceHeaders(null as never)).toThrow('Expected options to be an object of options, got null.');
  });

  it('are read by spans that were made before the SDK was registered', () => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: otelTraces() });
    trace.setGlobalTracerProvider(recorder.provider);
    bus.emit(Placed, 'a');
    trace.disable();
    expect(recorder.spans()).toHaveLength(1);
  });
});

function split<One extends { readonly name: string }>(spans: readonly One[]) {
  const isBatch = ({ name }: One): boolean =>
    name === 'process' || name === 'process order.placed' || name === 'INSERT';
  return { batches: spans.filter(isBatch), others: spans.filter((span) => !isBatch(span)) };
}
