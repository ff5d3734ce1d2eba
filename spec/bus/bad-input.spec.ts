import {
  ClosedError,
  createEventBus,
  createEventSubject,
  defineEvent,
  type EventBusOptions,
  InvalidOptionError,
  payload,
} from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { OrderPlaced, Tick, Tock } from '../support/events.ts';

const ignore = (): void => undefined;

/** What an InvalidOptionError with this code and text looks like. */
const invalid = (code: string, message: string): unknown =>
  expect.objectContaining({ name: 'InvalidOptionError', code, message });

describe('an option of on that cannot work is refused where it is given', () => {
  const cases: readonly [options: Record<string, unknown>, text: string][] = [
    [{ name: '' }, "Expected name to be a text that is not empty, got ''."],
    [{ name: '  ' }, "Expected name to be a text that is not empty, got '  '."],
    [{ name: 5 }, 'Expected name to be a text that is not empty, got 5.'],
    [{ concurrency: 0 }, 'Expected concurrency to be a whole number ≥ 1, got 0.'],
    [{ concurrency: -1 }, 'Expected concurrency to be a whole number ≥ 1, got -1.'],
    [{ concurrency: 1.5 }, 'Expected concurrency to be a whole number ≥ 1, got 1.5.'],
    [{ concurrency: Number.NaN }, 'Expected concurrency to be a whole number ≥ 1, got NaN.'],
    [{ concurrency: Infinity }, 'Expected concurrency to be a whole number ≥ 1, got Infinity.'],
    [{ concurrency: '4' }, "Expected concurrency to be a whole number ≥ 1, got '4'."],
    [{ concurrency: null }, 'Expected concurrency to be a whole number ≥ 1, got null.'],
    [{ capacity: -1 }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got -1.'],
    [{ capacity: 0.5 }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got 0.5.'],
    [{ capacity: Number.NaN }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got NaN.'],
    [
      { overflow: 'block' },
      "Expected overflow to be one of 'suspend', 'drop-oldest', 'drop-newest', 'fail', got 'block'.",
    ],
    [{ strategy: 'merge' }, "Expected strategy to be one of 'queue', 'switch', 'exhaust', got 'merge'."],
    [{ key: 'userId' }, "Expected key to be a function, got 'userId'."],
    [{ timeoutMs: 0 }, 'Expected timeoutMs to be milliseconds > 0 and ≤ 2147483647, got 0.'],
    [{ timeoutMs: -5 }, 'Expected timeoutMs to be milliseconds > 0 and ≤ 2147483647, got -5.'],
    [{ timeoutMs: Number.NaN }, 'Expected timeoutMs to be milliseconds > 0 and ≤ 2147483647, got NaN.'],
    [{ timeoutMs: 2 ** 31 }, 'Expected timeoutMs to be milliseconds > 0 and ≤ 2147483647, got 2147483648.'],
    [{ retry: { maxAttempts: 0 } }, 'Expected retry.maxAttempts to be a whole number ≥ 1 or Infinity, got 0.'],
    [{ retry: { multiplier: 0.5 } }, 'Expected retry.multiplier to be a finite number ≥ 1, got 0.5.'],
    [{ batch: 100 }, 'Expected batch to be an object of options, got 100.'],
    [{ batch: { maxSize: 0 } }, 'Expected batch.maxSize to be a whole number ≥ 1, got 0.'],
    [{ batch: { maxSize: Infinity } }, 'Expected batch.maxSize to be a whole number ≥ 1, got Infinity.'],
    [{ batch: { maxWaitMs: -1 } }, 'Expected batch.maxWaitMs to be milliseconds ≥ 0 and ≤ 2147483647, got -1.'],
    [
      { batch: {}, strategy: 'switch' },
      "Expected no batch with strategy 'switch', got one. Leave out one of the two: only with 'queue' do events wait for each other.",
    ],
    [{ retry: { jitter: 'half' } }, "Expected retry.jitter to be one of 'none', 'equal', 'full', got 'half'."],
  ];

  it.each(cases)('%o', (options, text) => {
    const bus = createEventBus();
    expect(() => bus.on(Tick, ignore, options as never)).toThrow(invalid('INVALID_OPTION', text));
    expect(() => bus.once(Tick, ignore, options as never)).toThrow(invalid('INVALID_OPTION', text));
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('and the name stays free for a second try', () => {
    const bus = createEventBus();
    expect(() => bus.on(Tick, ignore, { name: 'mine', concurrency: 0 })).toThrow(InvalidOptionError);
    expect(bus.on(Tick, ignore, { name: 'mine' }).name).toBe('mine');
  });
});

describe('an option of createEventBus that cannot work is refused where it is given', () => {
  const cases: readonly [options: Record<string, unknown>, text: string | RegExp][] = [
    [{ maxEventsPerTurn: 0 }, 'Expected maxEventsPerTurn to be a whole number ≥ 1 or Infinity, got 0.'],
    [{ maxEventsPerTurn: 2.5 }, 'Expected maxEventsPerTurn to be a whole number ≥ 1 or Infinity, got 2.5.'],
    [{ maxEventsPerTurn: Number.NaN }, 'Expected maxEventsPerTurn to be a whole number ≥ 1 or Infinity, got NaN.'],
    [{ random: 0.5 }, 'Expected random to be a function, got 0.5.'],
    [{ createId: 'uuid' }, "Expected createId to be a function, got 'uuid'."],
    [{ events: [Tick, undefined] }, 'Expected an event definition, as defineEvent makes it, got undefined.'],
    [{ events: ['tick'] }, "Expected an event definition, as defineEvent makes it, got 'tick'."],
  ];

  it.each(cases)('%o', (options, text) => {
    const error = expect.objectContaining({
      name: 'InvalidOptionError',
      code: 'INVALID_OPTION',
      message: typeof text === 'string' ? text : expect.stringMatching(text),
    });
    expect(() => createEventBus(options as EventBusOptions)).toThrow(error);
  });

  it.each([
    [-1, '-1'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    ['all', "'all'"],
  ])('replay: %s', (replay, shown) => {
    const text = `Expected replay to be a whole number ≥ 0, got ${shown}.`;
    expect(() => createEventSubject(Tick, { replay: replay as number })).toThrow(invalid('INVALID_OPTION', text));
    expect(() => createEventBus().subject(Tick, { replay: replay as number })).toThrow(invalid('INVALID_OPTION', text));
  });

  it('a second, different replay for one event', () => {
    const bus = createEventBus();
    bus.subject(Tick, { replay: 2 });
    expect(() => bus.subject(Tick, { replay: 3 })).toThrow(
      invalid('INVALID_OPTION', "Expected one replay for 'tick', got 3 after 2. Set it in one place."),
    );
    expect(bus.subject(Tick, { replay: 2 })).toBe(bus.subject(Tick));
  });
});

describe('what is no event definition', () => {
  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 42, '42'],
    ['an object without a type', {}, 'an object'],
    ['a definition without its schema', { type: 'tick' }, 'an object'],
  ])('is refused wherever one is expected: %s', async (_, value, shown) => {
    const bus = createEventBus();
    const error = invalid('INVALID_OPTION', `Expected an event definition, as defineEvent makes it, got ${shown}.`);
    const definition = value as never;
    expect(() => bus.on(definition, ignore)).toThrow(error);
    expect(() => bus.on([definition] as never, ignore)).toThrow(error);
    expect(() => bus.emit(definition, 1 as never)).toThrow(error);
    expect(() => bus.ingest(definition, 1)).toThrow(error);
    expect(() => bus.events(definition)).toThrow(error);
    expect(() => bus.subject(definition)).toThrow(error);
    expect(() => createEventSubject(definition)).toThrow(error);
    await expect(bus.publish(definition, 1 as never)).rejects.toThrow(error);
    await expect(bus.ingestAsync(definition, 1)).rejects.toThrow(error);
    await expect(bus.once(definition)).rejects.toThrow(error);
  });

  it('is refused as an empty list', () => {
    const text = 'Expected an event, a list of events or a pattern, got an empty list.';
    expect(() => createEventBus().on([] as never, ignore)).toThrow(invalid('INVALID_OPTION', text));
  });
});

describe('two definitions of one type', () => {
  const OtherTick = defineEvent('tick', payload<{ at: number }>());
  const error = invalid(
    'DUPLICATE_DEFINITION',
    "Expected one definition of 'tick' in a bus, got a second one. Define it once and import it from there.",
  );

  it('are refused in the list of events', () => {
    expect(() => createEventBus({ events: [Tick, OtherTick] })).toThrow(error);
  });

  it('are refused at the second use, whichever way it is used', async () => {
    const bus = createEventBus();
    bus.on(Tick, ignore);
    expect(() => bus.on(OtherTick, ignore)).toThrow(error);
    expect(() => bus.emit(OtherTick, { at: 1 })).toThrow(error);
    expect(() => bus.subject(OtherTick)).toThrow(error);
    expect(() => bus.ingest(OtherTick, { at: 1 })).toThrow(error);
    await expect(bus.publish(OtherTick, { at: 1 })).rejects.toThrow(error);
    expect(bus.stats().emitted).toBe(0);
  });

  it('may live in two buses', () => {
    const [one, other] = [createEventBus({ events: [Tick] }), createEventBus({ events: [OtherTick] })];
    expect(one.emit(Tick, 1) && other.emit(OtherTick, { at: 1 })).toBe(true);
  });
});

describe('an event that a bus with known events does not know', () => {
  it('is refused, and the text says where to add it', async () => {
    const bus = createEventBus({ events: [Tick, Tock] });
    const error = invalid(
      'UNKNOWN_EVENT',
      "Expected an event that the bus knows, got 'order.placed'. Add it to createEventBus({ events: […] }).",
    );
    const unknown = OrderPlaced as never;
    expect(() => bus.emit(unknown, 1 as never)).toThrow(error);
    expect(() => bus.on(unknown, ignore)).toThrow(error);
    expect(() => bus.events(unknown)).toThrow(error);
    await expect(bus.publish(unknown, 1 as never)).rejects.toThrow(error);
  });

  it('is refused by a bus that knows an empty list', () => {
    expect(() => createEventBus({ events: [] }).emit(Tick as never, 1 as never)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_EVENT' }),
    );
  });
});

describe('two handlers of one name', () => {
  const error = invalid(
    'DUPLICATE_HANDLER',
    "Expected the name of each handler of a bus to be unique, got a second 'mail'. Letters are redriven by name: choose another.",
  );

  it('are refused, on whichever events', () => {
    const bus = createEventBus();
    bus.on(Tick, ignore, { name: 'mail' });
    expect(() => bus.on(Tick, ignore, { name: 'mail' })).toThrow(error);
    expect(() => bus.on('tock', ignore, { name: 'mail' })).toThrow(error);
    expect(() => bus.subject(Tock).on(ignore, { name: 'mail' })).toThrow(error);
    expect(() => bus.once(Tock, ignore, { name: 'mail' })).toThrow(error);
    expect(bus.stats().handlers).toHaveLength(1);
  });

  it('may follow one another: the name is free again after unsubscribe', () => {
    const bus = createEventBus();
    bus.on(Tick, ignore, { name: 'mail' }).unsubscribe();
    expect(bus.on(Tick, ignore, { name: 'mail' }).name).toBe('mail');
  });

  it('never come about by names that the bus makes itself', () => {
    const bus = createEventBus();
    const handlers = [bus.on(Tick, ignore), bus.on(Tick, ignore), bus.on([Tick, Tock], ignore), bus.on('*', ignore)];
    const names = handlers.map(({ name }) => name);
    expect(new Set(names).size).toBe(4);
    expect(names[0]).toContain('tick');
    expect(names[3]).toContain('*');
  });
});

describe('a handler that is none', () => {
  it.each([
    ['nothing', undefined, 'undefined'],
    ['a text', 'log', "'log'"],
    ['an object without handle', { run: ignore }, 'an object'],
    ['an object whose handle is no function', { handle: 'log' }, 'an object'],
  ])('is refused: %s', (_, handler, shown) => {
    const bus = createEventBus();
    const text = `Expected a handler to be a function or an object with handle(event, context), got ${shown}.`;
    expect(() => bus.on(Tick, handler as never)).toThrow(invalid('INVALID_HANDLER', text));
    expect(() => createEventSubject(Tick).on(handler as never)).toThrow(invalid('INVALID_HANDLER', text));
    expect(bus.stats().handlers).toStrictEqual([]);
  });
});

describe('after close', () => {
  it('everything that sends or listens is refused with ClosedError', async () => {
    const bus = createEventBus({ events: [Tick] });
    const subject = bus.subject(Tick);
    bus.close();
    const error = expect.objectContaining({
      name: 'ClosedError',
      code: 'CLOSED',
      message: 'Expected the bus to be open, got one that is closed or draining. Use it before close() and drain().',
    });
    expect(() => bus.emit(Tick, 1)).toThrow(error);
    expect(() => subject.emit(1)).toThrow(error);
    expect(() => bus.ingest(Tick, 1)).toThrow(error);
    expect(() => bus.on(Tick, ignore)).toThrow(error);
    expect(() => subject.on(ignore)).toThrow(error);
    await expect(bus.publish(Tick, 1)).rejects.toBeInstanceOf(ClosedError);
    await expect(subject.publish(1)).rejects.toBeInstanceOf(ClosedError);
    await expect(bus.ingestAsync(Tick, 1)).rejects.toBeInstanceOf(ClosedError);
    await expect(bus.once(Tick)).rejects.toBeInstanceOf(ClosedError);
  });

  it('next stays the silent no-op of RxJS', () => {
    const bus = createEventBus();
    const seen = vi.fn();
    const subject = bus.subject(Tick);
    subject.subscribe(seen);
    bus.close();
    expect(() => subject.next(Tick.create(1))).not.toThrow();
    expect(seen).not.toHaveBeenCalled();
    expect(bus.stats().emitted).toBe(0);
  });
});
