import {
  createBrokeredBus,
  createChannel,
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  defineEvent,
  InvalidOptionError,
  logProbe,
  type LogProbeOptions,
  type LogTarget,
  memoryBroker,
  type Probe,
  type ReportedError,
} from 'millrace';
import { NEVER, Subject, Subscription, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changedBroker } from '../support/changed-broker.ts';
import { Tick, UserSignedUp } from '../support/events.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const Strict = defineEvent('strict', z.object({ id: z.number() }));

/** What was written: the level, the text, and what was told beside it. */
type Line = readonly [level: string, text: string, fields: Record<string, unknown>];

/** A logger that keeps its lines. */
function notebook(onLine: (line: Line) => unknown = () => undefined): { logger: LogTarget; lines: Line[] } {
  const lines: Line[] = [];
  const write =
    (level: string) =>
    (text: string, fields: Record<string, unknown>): unknown => {
      const result = onLine([level, text, fields]);
      lines.push([level, text, fields]);
      return result;
    };
  return { logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }, lines };
}

/** A bus in virtual time that is logged into a notebook. */
function loggedBus(options: LogProbeOptions = {}, { logger, lines } = notebook()) {
  const scheduler = new VirtualClock();
  let count = 0;
  const createId = (): string => `id-${++count}`;
  const bus = createEventBus({
    name: 'shop',
    scheduler,
    createId,
    probe: logProbe(logger, { scheduler, ...options }),
  });
  const errors: ReportedError[] = [];
  bus.errors.subscribe((error) => errors.push(error));
  return { bus, lines, errors, scheduler };
}

const fails = () => throwError(() => new Error('smtp down'));
const kindsOf = (lines: readonly Line[]): readonly unknown[] => lines.map(([, , { kind }]) => kind);

describe('the log of a bus', () => {
  it('has a line for each retry, and one for the dead letter', async () => {
    const { bus, lines, scheduler } = loggedBus();
    bus.on(UserSignedUp, fails, { name: 'mail', retry: { maxAttempts: 2, delayMs: 50 } });
    bus.emit(UserSignedUp, { userId: 'u1' }, { headers: { correlationId: 'c', causationId: 'd', traceparent: 't' } });
    await scheduler.advance(100);
    const origin = {
      handler: 'mail',
      owner: { kind: 'bus', name: 'shop' },
      event: { id: 'id-1', type: 'user.signed_up', correlationId: 'c', causationId: 'd', traceparent: 't' },
    };
    expect(lines).toEqual([
      [
        'warn',
        'mail failed at user.signed_up and tries again',
        { kind: 'retry', ...origin, attempts: 1, delayMs: 50, err: { name: 'Error', message: 'smtp down' } },
      ],
      [
        'error',
        'mail gave up on user.signed_up: exhausted',
        {
          kind: 'dead-letter',
          ...origin,
          reason: 'exhausted',
          attempts: 2,
          deadLetterId: 'id-2',
          err: { name: 'Error', message: 'smtp down', stack: expect.stringContaining('smtp down') },
        },
      ],
    ]);
  });

  it('names the first event of a chain as its own correlation', () => {
    const { bus, lines } = loggedBus();
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    // The letter's id was made first.
    expect(lines[0]?.[2]['event']).toEqual({ id: 'id-2', type: 'tick', correlationId: 'id-2' });
  });

  it('says of a letter that it was redriven, and how often', async () => {
    const { bus, lines, scheduler } = loggedBus();
    bus.on(Tick, fails, { name: 'mail' });
    bus.emit(Tick, 1);
    for (let times = 1; times <= 2; times++) {
      const redriven = bus.deadLetters.redrive();
      await scheduler.advance(10);
      await redriven;
    }
    expect(lines.map(([, , fields]) => fields['redriven'])).toEqual([undefined, 1, 2]);
  });

  it.each([
    { overflow: 'drop-newest', level: 'warn' },
    { overflow: 'drop-oldest', level: 'warn' },
    { strategy: 'exhaust', reason: 'busy', level: 'debug' },
    { strategy: 'switch', reason: 'superseded', level: 'debug' },
  ] as const)('has a line for what is dropped by %o', ({ level, ...options }) => {
    const { bus, lines } = loggedBus();
    const { reason } = { reason: 'overflow' in options ? options.overflow : '', ...options };
    const how = 'overflow' in options ? { overflow: options.overflow, capacity: 1 } : { strategy: options.strategy };
    bus.on(Tick, () => NEVER, { name: 'slow', ...how });
    for (let value = 1; value <= 3; value++) bus.emit(Tick, value);
    expect(lines[0]).toEqual([
      level,
      `slow dropped tick: ${reason}`,
      expect.objectContaining({ kind: 'drop', reason, handler: 'slow' }),
    ]);
    expect(lines.length).toBe('overflow' in options ? 1 : 2);
  });

  it('tells nothing that a strategy drops to a logger without debug', () => {
    const { logger, lines } = notebook();
    const { info, warn, error } = logger;
    const { bus, errors } = loggedBus({}, { logger: { info, warn, error }, lines });
    bus.on(Tick, () => NEVER, { strategy: 'switch' });
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(lines).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('has an overflow that made a dead letter', () => {
    const { bus, lines } = loggedBus();
    bus.on(Tick, () => NEVER, { name: 'slow', capacity: 1 });
    for (let value = 1; value <= 3; value++) bus.emit(Tick, value);
    expect(lines).toMatchObject([
      ['error', 'slow gave up on tick: overflow', { kind: 'dead-letter', reason: 'overflow', attempts: 0 }],
    ]);
  });

  it('has a line for a drain, with its counts', async () => {
    const { bus, lines } = loggedBus();
    const subscription = bus.on(Tick, async () => undefined, { name: 'mail' });
    bus.emit(Tick, 1);
    await subscription.drain();
    const counts = { completed: true, handled: 1, dead: 0, dropped: 0, abandoned: 0, durationMs: 0 };
    expect(lines).toEqual([['info', 'mail drained', { kind: 'drain', name: 'mail', ...counts }]]);
  });

  it('has one for the drain of the whole bus', async () => {
    const { bus, lines, scheduler } = loggedBus();
    bus.on(Tick, () => NEVER, { name: 'mail' });
    bus.emit(Tick, 1);
    const drained = bus.drain({ deadlineMs: 10 });
    await scheduler.advance(20);
    await drained;
    expect(lines).toMatchObject([
      ['error', 'mail gave up on tick: abandoned', {}],
      ['warn', 'shop did not drain in time', { kind: 'drain', name: 'shop', completed: false, abandoned: 1 }],
    ]);
  });

  it('has a line for data that does not fit, without the data', () => {
    const { bus, lines } = loggedBus();
    expect(bus.ingest(Strict, { id: 'secret' })).toBe(false);
    expect(lines).toEqual([
      [
        'error',
        'shop gave up on strict: invalid',
        {
          kind: 'dead-letter',
          owner: { kind: 'bus', name: 'shop' },
          reason: 'invalid',
          event: expect.objectContaining({ type: 'strict' }),
          attempts: 0,
          deadLetterId: expect.any(String),
          err: expect.objectContaining({ name: 'SchemaError', code: 'SCHEMA' }),
        },
      ],
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('says of such data that it was redriven, and did not fit again', async () => {
    const { bus, lines, scheduler } = loggedBus();
    bus.ingest(Strict, 1);
    const redriven = bus.deadLetters.redrive();
    await scheduler.advance(10);
    await redriven;
    expect(lines.map(([, , fields]) => fields['redriven'])).toEqual([undefined, 1]);
  });

  it('has a flood of it under control, too', () => {
    const { bus, lines } = loggedBus();
    for (let value = 0; value < 30; value++) bus.ingest(Strict, value);
    bus.close();
    expect(lines.length).toBe(11);
    expect(lines[10]).toMatchObject([
      'error',
      'shop: 20 more of kind dead-letter (invalid) left out of the log',
      { owner: { name: 'shop' }, leftOut: 20 },
    ]);
  });

  it('warns of a drain that has given up', async () => {
    const { bus, lines, scheduler } = loggedBus();
    const subscription = bus.on(Tick, () => NEVER, { name: 'mail' });
    bus.emit(Tick, 1);
    const drained = subscription.drain({ deadlineMs: 10 });
    await scheduler.advance(20);
    await drained;
    expect(lines).toMatchObject([
      ['error', 'mail gave up on tick: abandoned', {}],
      ['warn', 'mail did not drain in time', { kind: 'drain', completed: false, abandoned: 1, durationMs: 10 }],
    ]);
  });

  it('has nothing of what is handled, and is not even told of it', async () => {
    const { logger, lines } = notebook();
    const told: string[] = [];
    const probe = Object.fromEntries(
      Object.entries(logProbe(logger)).map(([name, callback]) => [
        name,
        (...args: never[]) => {
          told.push(name);
          return (callback as (...args: never[]) => unknown)(...args);
        },
      ]),
    ) as Probe;
    const bus = createEventBus({ probe });
    bus.on(Tick, () => undefined);
    bus.on(Tick, async () => undefined, { concurrency: 2, timeoutMs: 1_000, retry: { maxAttempts: 2 } });
    for (let value = 0; value < 100; value++) bus.emit(Tick, value);
    await bus.publish(Tick, 100);
    expect(told).toEqual(['attached', 'attached', 'attached']);
    expect(lines).toEqual([]);
  });
});

describe('a probe of yours that passes on what it is told', () => {
  it('has no line for what is handled either', () => {
    const { logger, lines } = notebook();
    const log = logProbe(logger);
    const bus = createEventBus({ probe: { settled: (...told) => log.settled?.(...told) } });
    bus.on(Tick, () => undefined);
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    expect(kindsOf(lines)).toEqual(['dead-letter']);
  });
});

describe('the log of other parts', () => {
  it('is of a processor and its items, which name themselves by nothing', () => {
    const { logger, lines } = notebook();
    createProcessor<{ id: number }>(fails, { name: 'resize', probe: logProbe(logger) }).trySend({ id: 1 });
    const [level, text, fields] = lines[0]!;
    expect([level, text]).toEqual(['error', 'resize gave up on an item: exhausted']);
    expect(fields).not.toHaveProperty('event');
    expect(fields).not.toHaveProperty('owner');
    expect(fields).not.toHaveProperty('payload');
  });

  it('is of the workers of a channel', async () => {
    const { logger, lines } = notebook();
    const channel = createChannel<string>({ name: 'inbox', capacity: 4, probe: logProbe(logger) });
    channel.process(fails, { name: 'worker' });
    await channel.send('a');
    await settled();
    expect(lines).toMatchObject([
      ['error', 'worker gave up on an item: exhausted', { owner: { kind: 'channel', name: 'inbox' } }],
    ]);
  });

  it('is of a channel that is left with items', async () => {
    const { logger, lines } = notebook();
    const channel = createChannel<string>({ name: 'inbox', capacity: 4, probe: logProbe(logger, { payloads: true }) });
    await channel.send('a');
    await channel.drain({ deadlineMs: 0 });
    expect(lines).toMatchObject([
      [
        'error',
        'inbox gave up on an item: abandoned',
        { owner: { kind: 'channel', name: 'inbox' }, reason: 'abandoned', payload: 'a' },
      ],
    ]);
    expect(lines[0]?.[2]).not.toHaveProperty('handler');
  });

  it('is of a broker that a bus uses, and of what goes back to it', async () => {
    const { logger, lines } = notebook();
    const broker = memoryBroker({ name: 'orders' });
    const states = new Subject<'closed' | 'connected' | 'reconnecting'>();
    const bus = createBrokeredBus(changedBroker(broker, { states }), { group: 'billing', probe: logProbe(logger) });
    for (const state of ['reconnecting', 'connected', 'closed'] as const) states.next(state);
    expect(lines).toEqual([
      ['warn', 'broker orders is reconnecting', { kind: 'broker', broker: 'orders', state: 'reconnecting' }],
      ['info', 'broker orders is connected', { kind: 'broker', broker: 'orders', state: 'connected' }],
      ['info', 'broker orders is closed', { kind: 'broker', broker: 'orders', state: 'closed' }],
    ]);
    lines.length = 0;
    const subscription = bus.on(Tick, async () => new Promise(() => {}), { name: 'charge' });
    await bus.ready;
    await bus.publish(Tick, 1);
    await settled();
    subscription.unsubscribe();
    expect(lines).toMatchObject([
      ['info', 'charge handed tick back to its broker', { kind: 'drop', reason: 'handed-back' }],
    ]);
    bus.close();
    await broker.close();
  });
});

describe('payloads', () => {
  it('are left out', () => {
    const { bus, lines } = loggedBus();
    bus.on(UserSignedUp, fails);
    bus.emit(UserSignedUp, { userId: 'secret' });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('are told where they are asked for', () => {
    const { bus, lines } = loggedBus({ payloads: true });
    bus.on(UserSignedUp, fails);
    bus.emit(UserSignedUp, { userId: 'u1' });
    expect(lines[0]?.[2]['payload']).toEqual({ userId: 'u1' });
    const { logger, lines: others } = notebook();
    createProcessor<string>(fails, { probe: logProbe(logger, { payloads: true }) }).trySend('a.png');
    expect(others[0]?.[2]['payload']).toBe('a.png');
  });

  it('are what a function returns, and nothing where it returns nothing', () => {
    const seen: unknown[] = [];
    const payloads = (data: unknown, type?: string): unknown => {
      seen.push([data, type]);
      return type === 'tick' ? undefined : '[redacted]';
    };
    const { bus, lines } = loggedBus({ payloads });
    bus.on('>', fails);
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(Tick, 1);
    expect(seen).toEqual([
      [{ userId: 'u1' }, 'user.signed_up'],
      [1, 'tick'],
    ]);
    expect(lines[0]?.[2]['payload']).toBe('[redacted]');
    expect(lines[1]?.[2]).not.toHaveProperty('payload');
  });

  it('harm no line when that function throws, which is reported', () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const { bus, lines, errors } = loggedBus({ payloads: boom });
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    expect(kindsOf(lines)).toEqual(['dead-letter']);
    expect(errors).toMatchObject([{ kind: 'probe', error: { message: 'boom' } }]);
  });
});

describe('an error in the log', () => {
  const logged = (error: unknown): unknown => {
    const { bus, lines } = loggedBus();
    bus.on(Tick, () => throwError(() => error));
    bus.emit(Tick, 1);
    return lines[0]?.[2]['err'];
  };

  it('has its name, text, code and stack, and nothing else that it carries', () => {
    const error = Object.assign(new TypeError('no', { cause: new Error('socket closed') }), {
      code: 'ECONNRESET',
      config: { headers: { authorization: 'secret' } },
    });
    expect(logged(error)).toEqual({
      name: 'TypeError',
      message: 'no',
      code: 'ECONNRESET',
      stack: error.stack,
      cause: { name: 'Error', message: 'socket closed', stack: expect.any(String) },
    });
  });

  it('ends, though it is its own cause', () => {
    const error = new Error('no');
    error.cause = error;
    expect(JSON.stringify(logged(error)).match(/"no"/g)?.length).toBe(6);
  });

  it.each([
    ['a text', 'no', { name: 'string', message: 'no' }],
    ['nothing', undefined, { name: 'undefined', message: 'undefined' }],
    ['an object', { secret: 1 }, { name: 'object', message: 'an object' }],
    ['an error of another realm', { name: 'Odd', message: 'no' }, { name: 'Odd', message: 'no' }],
  ])('may be %s', (_what, error, expected) => {
    expect(logged(error)).toEqual(expected);
  });
});

describe('a flood', () => {
  /** A bus whose handler fails at once, and how many lines of each kind there are. */
  function flooded(options: LogProbeOptions = {}, target = notebook()) {
    const parts = loggedBus(options, target);
    const subscription = parts.bus.on(Tick, fails, { name: 'mail' });
    const flood = (times: number): void => {
      for (let value = 0; value < times; value++) parts.bus.emit(Tick, value);
    };
    const leftOut = (): number => parts.lines.reduce((sum, [, , fields]) => sum + Number(fields['leftOut'] ?? 0), 0);
    const told = (): number => leftOut() + parts.lines.filter(([, , { event }]) => event !== undefined).length;
    return { ...parts, subscription, flood, leftOut, told };
  }

  it('has ten lines of it a second, and one that counts the others', async () => {
    const { lines, flood, scheduler } = flooded();
    flood(10_000);
    expect(lines.length).toBe(10);
    await scheduler.advance(999);
    expect(lines.length).toBe(10);
    await scheduler.advance(1);
    expect(lines.length).toBe(11);
    expect(lines[10]).toEqual([
      'error',
      'mail: 9990 more of kind dead-letter (exhausted) left out of the log',
      {
        kind: 'dead-letter',
        handler: 'mail',
        owner: { kind: 'bus', name: 'shop' },
        reason: 'exhausted',
        leftOut: 9_990,
      },
    ]);
    await scheduler.advance(10_000);
    expect(lines.length).toBe(11);
    flood(1);
    expect(lines[11]?.[2]).not.toHaveProperty('leftOut');
  });

  it('is told at the end of the second in which it began, not later', async () => {
    const { lines, flood, scheduler } = flooded();
    flood(1);
    await scheduler.advance(400);
    flood(11);
    await scheduler.advance(599);
    expect(lines.length).toBe(10);
    await scheduler.advance(1);
    expect(lines.at(-1)?.[2]).toMatchObject({ leftOut: 2 });
  });

  it('begins anew where the clock was set back', () => {
    let now = 1_000_000;
    const clock = { now: () => now, schedule: () => Subscription.EMPTY };
    const { lines, flood } = flooded({ maxPerSecond: 2, scheduler: clock });
    flood(5);
    now = 500_000;
    flood(1);
    expect(lines.length).toBe(3);
    expect(lines[2]?.[2]).toMatchObject({ leftOut: 3 });
  });

  it('is told in full, however it comes and goes', async () => {
    const { lines, flood, scheduler, told } = flooded({ maxPerSecond: 3 });
    let sum = 0;
    for (const [times, ms] of [
      [1, 400],
      [5, 400],
      [2, 150],
      [9, 50],
      [1, 1_000],
      [4, 2_500],
      [2, 1],
    ] as const) {
      flood(times);
      sum += times;
      await scheduler.advance(ms);
    }
    await scheduler.advance(2_000);
    expect(told()).toBe(sum);
    expect(lines.length).toBeLessThan(sum);
  });

  it('of one kind, reason or handler hides no other', async () => {
    const { bus, lines, flood } = flooded({ maxPerSecond: 1 });
    bus.on(Tick, fails, { name: 'crm', retry: { maxAttempts: 2 } });
    bus.on(Tick, () => NEVER, { name: 'slow', capacity: 1, overflow: 'drop-newest' });
    bus.on(Tick, fails, {
      name: 'keyed',
      key: () => {
        throw new Error('no key');
      },
    });
    flood(20);
    expect(lines.map(([, , { handler, kind, reason }]) => [handler, reason ?? kind])).toEqual([
      ['mail', 'exhausted'],
      ['crm', 'retry'],
      ['keyed', 'invalid-key'],
      ['slow', 'drop-newest'],
    ]);
  });

  it('is told as soon as its handler closes, and then no timer is left', async () => {
    const { lines, flood, subscription, scheduler } = flooded();
    flood(15);
    expect(scheduler.actions.length).toBe(1);
    subscription.unsubscribe();
    expect(lines.at(-1)?.[2]).toMatchObject({ leftOut: 5 });
    expect(scheduler.actions.length).toBe(0);
    await scheduler.advance(5_000);
    expect(lines.length).toBe(11);
  });

  it('may be wanted in full', () => {
    const { lines, flood, scheduler } = flooded({ maxPerSecond: Infinity });
    flood(500);
    expect(lines.length).toBe(500);
    expect(scheduler.actions.length).toBe(0);
  });

  it('makes nothing of the events that are left out', () => {
    let asked = 0;
    const payloads = (): void => void asked++;
    const { flood } = flooded({ payloads });
    flood(1_000);
    expect(asked).toBe(10);
  });

  it('of a logger that emits what it is told ends', async () => {
    const target = notebook(() => bus.emit(Tick, 0));
    const { bus, lines, flood, scheduler, leftOut } = flooded({}, target);
    flood(1);
    expect(lines.length).toBe(10);
    expect(leftOut()).toBe(0);
    await scheduler.advance(1_000);
    expect(bus.stats().state).toBe('open');
  });
});

describe('a logger that fails', () => {
  const boom = (): never => {
    throw new Error('disk full');
  };

  it('harms no event, and is reported once', async () => {
    const { bus, errors, scheduler } = loggedBus({}, notebook(boom));
    bus.on(Tick, fails, { name: 'mail', retry: { maxAttempts: 2, delayMs: 10 } });
    bus.on(Tick, () => undefined, { name: 'fine' });
    const reports = [1, 2, 3].map(async (value) => bus.publish(Tick, value));
    await scheduler.advance(5_000);
    for (const { handlers } of await Promise.all(reports)) {
      expect(handlers.map(({ outcome }) => outcome)).toEqual(['dead', 'handled']);
    }
    expect(bus.deadLetters.stats().received).toBe(3);
    expect(errors).toMatchObject([{ kind: 'probe', error: { message: 'disk full' } }]);
  });

  it('is reported again when it has worked in between', () => {
    let isFull = true;
    const { bus, lines, errors } = loggedBus(
      {},
      notebook(() => isFull && boom()),
    );
    bus.on(Tick, fails);
    for (const full of [true, true, false, true, true]) {
      isFull = full;
      bus.emit(Tick, 1);
    }
    expect(errors.length).toBe(2);
    // The two that it could not write.
    expect(lines.map(([, , { leftOut }]) => leftOut)).toEqual([2]);
  });

  it('is reported with the next event, or with the end, if it fails while nobody listens', async () => {
    let isFull = false;
    const { bus, lines, errors, scheduler } = loggedBus(
      {},
      notebook(() => isFull && boom()),
    );
    const subscription = bus.on(Tick, fails);
    for (let value = 0; value < 12; value++) bus.emit(Tick, value);
    isFull = true;
    await scheduler.advance(1_000);
    expect(errors).toEqual([]);
    isFull = false;
    subscription.unsubscribe();
    expect(errors).toMatchObject([{ kind: 'probe', error: { message: 'disk full' } }]);
    expect(lines.at(-1)?.[2]).toMatchObject({ leftOut: 2 });
  });

  it('may reject: that is no unhandled rejection', async () => {
    const reject = async (): Promise<never> => boom();
    const { bus, errors, scheduler } = loggedBus({}, notebook(reject));
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    await scheduler.advance(0);
    bus.emit(Tick, 2);
    await scheduler.advance(0);
    bus.emit(Tick, 3);
    expect(errors).toMatchObject([{ kind: 'probe', error: { message: 'disk full' } }]);
  });

  it('may fail when it is asked for its level', () => {
    const { logger, lines } = notebook();
    const { bus, errors } = loggedBus({}, { logger: { ...logger, isLevelEnabled: boom }, lines });
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(errors.length).toBe(1);
    expect(bus.deadLetters.stats().received).toBe(2);
  });

  it('may hold the thread up: the events end as they would without it', async () => {
    const hold = (): void => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    };
    const { logger } = notebook(hold);
    const deadLetters = createDeadLetterQueue();
    const bus = createEventBus({ probe: logProbe(logger), deadLetters });
    bus.on(Tick, async () => Promise.reject(new Error('no')), { retry: { maxAttempts: 2, delayMs: 1 }, timeoutMs: 20 });
    bus.on(Tick, async () => undefined, { timeoutMs: 20 });
    const { handlers } = await bus.publish(Tick, 1);
    expect(handlers).toMatchObject([{ outcome: 'dead', attempts: 2, reason: 'exhausted' }, { outcome: 'handled' }]);
  });
});

describe('a line', () => {
  it('is one, and no format, whatever the names are', () => {
    const { bus, lines } = loggedBus();
    bus.on(Tick, fails, { name: '100%s\n2026 error forged %o' });
    bus.emit(Tick, 1);
    expect(lines[0]?.[1]).toBe('100％s?2026 error forged ％o gave up on tick: exhausted');
    expect(lines[0]?.[2]['handler']).toBe('100%s\n2026 error forged %o');
  });

  it('is not made where the logger would not write it', () => {
    const { logger, lines } = notebook();
    let asked = 0;
    const payloads = (): void => void asked++;
    const isLevelEnabled = (level: string): boolean => level !== 'error';
    const { bus } = loggedBus({ payloads }, { logger: { ...logger, isLevelEnabled }, lines });
    bus.on(Tick, fails);
    bus.emit(Tick, 1);
    expect(lines).toEqual([]);
    expect(asked).toBe(0);
  });
});

describe('what cannot work', () => {
  const { logger } = notebook();

  it.each([undefined, null, 'console', {}, { info: () => undefined, warn: () => undefined }])(
    'is refused: %o as a logger',
    (target) => {
      // @ts-expect-error not what it takes
      expect(() => logProbe(target)).toThrow(InvalidOptionError);
    },
  );

  it.each([{ maxPerSecond: 0 }, { maxPerSecond: 1.5 }, { style: 'pino' }, { payloads: 'all' }, 'options'])(
    'is refused: %o as options',
    (options) => {
      // @ts-expect-error not what it takes
      expect(() => logProbe(logger, options)).toThrow(InvalidOptionError);
    },
  );

  it('names what a logger lacks, and what to do', () => {
    // @ts-expect-error not what it takes
    expect(() => logProbe({ info: () => undefined, error: () => undefined })).toThrow(
      /got an object without warn\. Give \{ info, warn, error \}/,
    );
  });
});
