import { createDeadLetterQueue, createEventBus, defineEvent, type EventBus, InvalidOptionError } from 'millrace';
import { flaky, hanging, record } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OrderPlaced, Tick, UserRenamed, UserSignedUp } from '../support/events.ts';

const ada = { userId: 'ada' };
const fail = (): never => {
  throw new Error('broken');
};

describe('a recorded bus', () => {
  it('tells what was published, by whatever way, in order', async () => {
    const bus = createEventBus();
    const recorded = record(bus);
    bus.emit(UserSignedUp, ada);
    await bus.publish(OrderPlaced, { id: 'o1', total: 3 });
    bus.subject(Tick).next(Tick.create(1));
    bus.subject(Tick).emit(2);
    bus.ingest(Tick, 3);
    expect(recorded.published().map(({ data }) => data)).toStrictEqual([ada, { id: 'o1', total: 3 }, 1, 2, 3]);
    expect(recorded.published(Tick).map(({ data }) => data)).toStrictEqual([1, 2, 3]);
  });

  it('tells of one event, a list of events, or a pattern', () => {
    const bus = createEventBus();
    const recorded = record(bus);
    bus.emit(UserSignedUp, ada);
    bus.emit(UserRenamed, { ...ada, name: 'Ada' });
    bus.emit(Tick, 1);
    const typesOf = (messages: readonly { type: string }[]): string[] => messages.map(({ type }) => type);
    expect(typesOf(recorded.published(UserRenamed))).toStrictEqual(['user.renamed']);
    expect(typesOf(recorded.published([Tick, UserSignedUp]))).toStrictEqual(['user.signed_up', 'tick']);
    expect(typesOf(recorded.published('user.*'))).toStrictEqual(['user.signed_up', 'user.renamed']);
    expect(typesOf(recorded.published('>'))).toHaveLength(3);
    expect(recorded.published(OrderPlaced)).toStrictEqual([]);
  });

  it('tells who handled an event, and in how many attempts, also of handlers that were there before', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => undefined, { name: 'before' });
    const recorded = record(bus);
    bus.on(
      Tick,
      flaky(() => undefined, 'x ok'),
      { name: 'after', retry: { maxAttempts: 2, delayMs: 0 } },
    );
    await bus.publish(Tick, 1);
    const [event] = recorded.published(Tick);
    expect(recorded.handled(Tick)).toStrictEqual([
      { handler: 'before', event, outcome: 'handled', attempts: 1 },
      { handler: 'after', event, outcome: 'handled', attempts: 2 },
    ]);
    expect(recorded.handled(Tick)[0]!.event).toBe(event);
    expect(recorded.handled(OrderPlaced)).toStrictEqual([]);
  });

  it('tells of each event of a batch', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => undefined, { batch: { maxSize: 2, maxWaitMs: 10_000 } });
    const recorded = record(bus);
    await Promise.all([bus.publish(Tick, 1), bus.publish(Tick, 2)]);
    expect(recorded.handled(Tick).map(({ event }) => event.data)).toStrictEqual([1, 2]);
  });

  it('keeps the dead letters, and says how they died', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => fail(), { name: 'broken' });
    const recorded = record(bus);
    await bus.publish(Tick, 1);
    const [letter, ...others] = recorded.deadLettered(Tick);
    expect(others).toStrictEqual([]);
    expect(letter).toMatchObject({ handler: 'broken', reason: 'exhausted', event: { data: 1 } });
    expect(await bus.deadLetters.list()).toStrictEqual([letter]);
    expect(recorded.settled(Tick)).toMatchObject([
      { handler: 'broken', outcome: 'dead', reason: 'exhausted', deadLetterId: letter?.id },
    ]);
    expect(recorded.handled()).toStrictEqual([]);
  });

  it('keeps the letters of data that was invalid', () => {
    const Age = defineEvent('age', z.number());
    const bus = createEventBus();
    const recorded = record(bus);
    bus.ingest(Age, 'old');
    expect(recorded.deadLettered(Age)).toMatchObject([{ reason: 'invalid', event: { data: 'old' } }]);
    expect(recorded.published()).toStrictEqual([]);
  });

  it('tells what was dropped', () => {
    const bus = createEventBus();
    bus.on(Tick, hanging(), { name: 'slow', capacity: 0, overflow: 'drop-newest' });
    const recorded = record(bus);
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    const [, event] = recorded.published(Tick);
    const drop = { handler: 'slow', event, outcome: 'dropped', attempts: 0, reason: 'drop-newest' };
    expect(recorded.dropped(Tick)).toStrictEqual([drop]);
    expect(recorded.settled()).toStrictEqual([drop]);
    bus.close();
    expect(recorded.deadLettered(Tick)).toMatchObject([{ reason: 'abandoned', event: { data: 1 } }]);
  });

  it('forgets what was before clear, and goes on', () => {
    const bus = createEventBus();
    bus.on(Tick, ({ data }) => (data === 2 ? fail() : undefined));
    const recorded = record(bus);
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    const before = recorded.published();
    recorded.clear();
    expect([recorded.published(), recorded.settled(), recorded.deadLettered()]).toStrictEqual([[], [], []]);
    expect(before).toHaveLength(2);
    bus.emit(Tick, 3);
    expect(recorded.published()).toHaveLength(1);
    expect(recorded.handled()).toHaveLength(1);
  });

  it.each(['close', Symbol.dispose] as const)('is recorded no longer after %s; what was recorded stays', (end) => {
    const bus = createEventBus();
    bus.on(Tick, () => fail());
    const recorded = record(bus);
    bus.emit(Tick, 1);
    recorded[end]();
    recorded[end]();
    bus.emit(Tick, 2);
    expect(recorded.published(Tick)).toHaveLength(1);
    expect(recorded.deadLettered(Tick)).toHaveLength(1);
    expect(recorded.settled(Tick)).toHaveLength(1);
    expect(bus.deadLetters.observed).toBe(false);
  });

  it('may be recorded twice: each recording stands for itself', () => {
    const bus = createEventBus();
    const first = record(bus);
    bus.emit(Tick, 1);
    const second = record(bus);
    bus.emit(Tick, 2);
    first.clear();
    first.close();
    bus.emit(Tick, 3);
    expect(first.published()).toStrictEqual([]);
    expect(second.published(Tick).map(({ data }) => data)).toStrictEqual([2, 3]);
  });

  it('shares no letters with another bus that shares its queue', async () => {
    const deadLetters = createDeadLetterQueue();
    const [ours, theirs] = [createEventBus({ deadLetters }), createEventBus({ deadLetters })];
    for (const bus of [ours, theirs]) bus.on(Tick, () => fail(), { name: 'same' });
    const recorded = record(ours);
    await theirs.publish(Tick, 1);
    await ours.publish(Tick, 2);
    expect(recorded.deadLettered(Tick).map(({ event }) => event.data)).toStrictEqual([2]);
  });

  it.each([undefined, null, 5, {}, createEventBus().asReadonly(), createEventBus().asEmitter()])(
    'must be a bus, unlike %s',
    (wrong) => {
      expect(() => record(wrong as EventBus)).toThrow(InvalidOptionError);
      expect(() => record(wrong as EventBus)).toThrow(/^Expected a bus, as createEventBus makes it, got /);
    },
  );

  it.each([
    ['user.', /^Expected a pattern/],
    [[], /^Expected an event, a list of events or a pattern, got an empty list/],
    [{}, /^Expected an event definition/],
    [[Tick, 5], /^Expected an event definition/],
  ])('is not asked for %s', (wrong, message) => {
    const recorded = record(createEventBus());
    for (const ask of ['published', 'handled', 'deadLettered', 'dropped', 'settled'] as const) {
      const askFor = recorded[ask].bind(recorded) as (source: unknown) => unknown;
      expect(() => askFor(wrong)).toThrow(message);
    }
  });
});
