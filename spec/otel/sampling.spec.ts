import { diag, type TextMapPropagator, type TracerProvider } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import {
  createBrokeredBus,
  createChannel,
  createEventBus,
  createProcessor,
  defineEvent,
  type EventMessage,
  memoryBroker,
  memoryEventStore,
  type MessageHeaders,
  payload,
  type ReportedError,
  runProjection,
} from 'millrace';
import { otelTraces } from 'millrace/otel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
const SAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const UNSAMPLED = SAMPLED.replace(/1$/, '0');

beforeEach(registerContexts);
afterEach(disableContexts);

/** Numbers from 0 to 1, in turn, each step one of `steps`. */
function inTurn(steps: number): () => number {
  let step = 0;
  return () => (step++ % steps) / steps;
}

describe('sampling', () => {
  it('follows as many of the events that begin a trace as asked for, with all that follows from them', async () => {
    const recorder = recordSpans({ sampleRatio: 0.1, random: inTurn(10) });
    const bus = createEventBus({ probe: recorder.probe });
    bus.on(Placed, ({ data }, { emit }) => void emit(Charged, data), { name: 'charge' });
    bus.on(Charged, async () => undefined, { name: 'mail' });
    for (let index = 0; index < 100; index++) bus.emit(Placed, String(index));
    await bus.drain();
    expect(recorder.spans()).toHaveLength(40);
    expect(drawTree(recorder.spans().slice(0, 4))).toStrictEqual([
      'PRODUCER publish order.placed',
      '  CONSUMER process order.placed by charge',
      '    PRODUCER publish order.charged',
      '      CONSUMER process order.charged by mail',
    ]);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('makes neither an id nor a header for an event that it does not follow, nor asks the SDK for a span', () => {
    const startSpan = vi.fn<() => never>();
    const tracerProvider = { getTracer: () => ({ startSpan, startActiveSpan: startSpan }) };
    const createId = vi.fn(() => 'made');
    const probe = otelTraces({ tracerProvider, sampleRatio: 0 });
    const bus = createEventBus({ probe, createId });
    const seen: EventMessage[] = [];
    bus.on(Placed, (message) => void seen.push(message), { name: 'charge' });
    const processor = createProcessor<string>(() => undefined, { probe });
    for (const data of ['a', 'b']) {
      bus.emit(Placed, data);
      processor.trySend(data);
    }
    expect(seen.map(({ headers }) => Object.keys(headers))).toStrictEqual([[], []]);
    expect([createId.mock.calls, startSpan.mock.calls]).toStrictEqual([[], []]);
  });

  it.each([
    ['a traceparent that is sampled', { traceparent: SAMPLED }, 2],
    ['one whose flags say more than that', { traceparent: SAMPLED.replace(/01$/, '0b') }, 2],
    ['one that is not sampled', { traceparent: UNSAMPLED }, 0],
    ['one whose flags say something else', { traceparent: SAMPLED.replace(/01$/, '0a') }, 0],
    ['none, and no cause', {}, 2],
    ['none, and a cause, which was not followed', { causationId: 'm0', correlationId: 'm0' }, 0],
    ['one that is not sampled, and a cause', { causationId: 'm0', traceparent: UNSAMPLED }, 0],
    ['one that is sampled, and a cause', { causationId: 'm0', traceparent: SAMPLED }, 2],
  ])('follows an event with %s, or does not', (_, headers: MessageHeaders, count) => {
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    let seen: MessageHeaders = {};
    bus.on(Placed, (message) => void (seen = message.headers), { name: 'charge' });
    bus.emit(Placed, 'a', { headers });
    expect(recorder.spans()).toHaveLength(count);
    if (count === 0) expect(seen).toStrictEqual(headers);
    else expect(seen).toMatchObject({ ...headers, traceparent: expect.stringMatching(/-01$/) as string });
  });

  it('takes what an event that is not followed leads to for no part of another trace that is active', async () => {
    const recorder = recordSpans({ sampleRatio: 0 });
    const bus = createEventBus({ probe: recorder.probe });
    // The second one starts where the first one has ended, where what was active then may still be so.
    const charge = async ({ data }: EventMessage, { emit }: { emit: (...sent: [typeof Charged, string]) => boolean }) =>
      void (await Promise.resolve(emit(Charged, String(data))));
    bus.on(Placed, charge, { name: 'charge' });
    within(recorder, 'POST /orders', () => bus.emit(Placed, 'a'));
    bus.emit(Placed, 'b');
    await bus.drain();
    expect(drawTree(recorder.spans())).toStrictEqual([
      'INTERNAL POST /orders',
      '  PRODUCER publish order.placed',
      '    CONSUMER process order.placed by charge',
      '      PRODUCER publish order.charged',
    ]);
  });

  it('lets other processes know that an event is not followed, so that none of them begins a trace with it', async () => {
    const recorder = recordSpans({ sampleRatio: 0 });
    const other = recordSpans();
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'web', probe: recorder.probe });
    await using consumer = createBrokeredBus(broker, { group: 'billing', probe: other.probe });
    const seen: EventMessage[] = [];
    consumer.on(Placed, (message) => void seen.push(message), { name: 'charge' });
    await consumer.ready;
    await bus.publish(Placed, 'a');
    await bus.publish(Placed, 'b');
    await expect.poll(() => seen).toHaveLength(2);
    const [one, two] = seen.map(({ headers }) => headers.traceparent);
    for (const traceparent of [one, two]) expect(traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    expect(one).not.toBe(two);
    expect([recorder.spans(), other.spans()]).toStrictEqual([[], []]);
  });

  it('begins traces with what others have sent, stored or offered without a word of it', async () => {
    const recorder = recordSpans({ sampleRatio: 0.5, random: inTurn(2) });
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'web' });
    await using consumer = createBrokeredBus(broker, { group: 'billing', probe: recorder.probe });
    consumer.on(Placed, () => undefined, { name: 'charge' });
    await consumer.ready;
    await using store = memoryEventStore();
    const channel = createChannel<string>({ capacity: 9, name: 'paths', probe: recorder.probe });
    const processor = createProcessor<string>(() => undefined, { name: 'resize', probe: recorder.probe });
    const items = ['a', 'b', 'c', 'd'];
    for (const data of items) {
      await bus.publish(Placed, data);
      await store.append('o-1', { type: 'order.placed', data });
      channel.trySend(data);
    }
    await consumer.drain();
    for (const item of items) processor.trySend(item);
    const workers = channel.process(() => undefined, { name: 'worker' });
    channel.close();
    await workers.drain();
    const projection = runProjection(store, { name: 'totals', on: () => undefined }, { probe: recorder.probe });
    await projection.caughtUp();
    await projection.close();
    const handlers = recorder
      .spans()
      .map(({ attributes }) => String(attributes['messaging.destination.subscription.name']));
    const each = ['charge', 'resize', 'totals', 'worker'];
    expect(handlers.toSorted((one, other) => one.localeCompare(other))).toStrictEqual(
      each.flatMap((name) => [name, name]),
    );
    expectConventions(recorder.spans());
  });

  it('goes by what is active for items that have no headers', () => {
    const off = recordSpans({}, new AlwaysOffSampler());
    const recorder = recordSpans();
    const processor = createProcessor<string>(() => undefined, { name: 'resize', probe: recorder.probe });
    within(off, 'GET /a', () => processor.trySend('a'));
    expect(recorder.spans()).toStrictEqual([]);
  });

  it('leaves the last word to the sampler of the SDK, of which others know then', () => {
    const recorder = recordSpans({}, new AlwaysOffSampler());
    const bus = createEventBus({ probe: recorder.probe });
    const seen: (string | undefined)[] = [];
    bus.on(Placed, ({ data }, { emit }) => void emit(Charged, data), { name: 'charge' });
    bus.on('order.*', ({ headers }) => void seen.push(headers.traceparent), { name: 'audit' });
    bus.emit(Placed, 'a');
    expect(seen).toStrictEqual([expect.stringMatching(/-00$/), seen[0]]);
    expect(recorder.spans()).toStrictEqual([]);
  });

  it('does not follow what is sent within a span that is not sampled, and says so in its headers', () => {
    const off = recordSpans({}, new AlwaysOffSampler());
    const recorder = recordSpans();
    const bus = createEventBus({ probe: recorder.probe });
    let seen: MessageHeaders = {};
    bus.on(Placed, (message) => void (seen = message.headers), { name: 'charge' });
    within(off, 'POST /orders', () => bus.emit(Placed, 'a'));
    expect(seen.traceparent).toMatch(/-00$/);
    expect(recorder.spans()).toStrictEqual([]);
  });

  it('hands on what a handling is told of that the sampler of the SDK has refused', async () => {
    const recorder = recordSpans(
      {},
      new ParentBasedSampler({ root: new AlwaysOffSampler(), remoteParentSampled: new AlwaysOffSampler() }),
    );
    const bus = createEventBus({ probe: recorder.probe });
    bus.on(Placed, () => Promise.reject(new Error('no')), { name: 'charge', retry: { maxAttempts: 2, delayMs: 0 } });
    await bus.publish(Placed, 'a', { headers: { traceparent: SAMPLED } });
    const [letter] = await bus.deadLetters.list();
    expect(letter!.event.headers.traceparent).toMatch(/-00$/);
    expect(recorder.spans()).toStrictEqual([]);
  });

  it.each([1.1, -1, NaN, '1'])('is asked for by a number from 0 to 1, not by %s', (sampleRatio) => {
    expect(() => otelTraces({ sampleRatio: sampleRatio as number })).toThrow(
      'Expected sampleRatio to be a number from 0 to 1',
    );
  });

  it('says what else it cannot work with', () => {
    expect(() => otelTraces(1 as never)).toThrow('Expected options to be an object of options, got 1.');
    expect(() => otelTraces({ random: 1 as never })).toThrow('Expected random to be a function, got 1.');
    expect(() => otelTraces({ propagator: 1 as never })).toThrow('Expected propagator to be an object of options');
    expect(() => otelTraces({ tracerProvider: 1 as never })).toThrow('Expected tracerProvider to be an object');
  });
});

describe('what goes wrong within OpenTelemetry', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const broken: TextMapPropagator = { inject: boom, extract: boom, fields: () => [] };
  const noTracer = { getTracer: () => ({ startSpan: boom, startActiveSpan: boom }) } satisfies TracerProvider;

  it.each([
    ['a propagator', { propagator: broken }],
    ['a tracer', { tracerProvider: noTracer }],
  ])('harms no event, and is reported: %s', async (_, options) => {
    const recorder = recordSpans(options);
    const bus = createEventBus({ probe: recorder.probe });
    const errors: ReportedError[] = [];
    bus.errors.subscribe((error) => errors.push(error));
    let attempts = 0;
    bus.on(Placed, () => (++attempts % 2 === 1 ? Promise.reject(new Error('no')) : undefined), {
      name: 'charge',
      retry: { maxAttempts: 2, delayMs: 0 },
    });
    bus.on(Placed, () => Promise.reject(new Error('no')), { name: 'pack' });
    await bus.publish(Placed, 'a', { headers: { traceparent: SAMPLED } });
    await within(recordSpans(), 'POST /orders', () => bus.publish(Placed, 'b'));
    expect(bus.stats().handlers).toMatchObject([
      { handled: 2, dead: 0 },
      { handled: 0, dead: 2 },
    ]);
    expect(errors.length).toBeGreaterThan(0);
    for (const { kind, error } of errors) expect([kind, String(error)]).toStrictEqual(['probe', 'Error: boom']);
    expect(recorder.open()).toStrictEqual([]);
  });

  it('harms no event: an exporter and a processor of spans', async () => {
    diag.disable();
    const recorder = recordSpans();
    const { provider } = recordSpans({});
    const throwing = recordSpans({ tracerProvider: failingAtEnd(provider) });
    const bus = createEventBus({ probe: [throwing.probe, recorder.probe] });
    bus.errors.subscribe();
    bus.on(Placed, () => Promise.reject(new Error('no')), { name: 'charge' });
    await bus.publish(Placed, 'a');
    expect(bus.stats().handlers).toMatchObject([{ dead: 1 }]);
    // Two of them, with one message between them, end what they have begun.
    expect(recorder.spans()).toHaveLength(2);
    expect(recorder.open()).toStrictEqual([]);
  });
});

/** Spans whose end throws, as that of a span processor does. */
function failingAtEnd(provider: TracerProvider): TracerProvider {
  return {
    getTracer: (...scope) => {
      const tracer = provider.getTracer(...scope);
      return {
        startActiveSpan: tracer.startActiveSpan.bind(tracer),
        startSpan: (...options) =>
          Object.assign(tracer.startSpan(...options), {
            end: () => {
              throw new Error('boom');
            },
          }),
      };
    },
  };
}
