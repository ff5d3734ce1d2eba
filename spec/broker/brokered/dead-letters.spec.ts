import {
  createBrokeredBus,
  createDeadLetterQueue,
  type DeadLetter,
  InvalidOptionError,
  memoryBroker,
  memoryBrokerStore,
  type Probe,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { changedBroker, lesserBroker } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';

/** A handler that fails with this, until it is mended. */
class Breakable {
  error: unknown;
  readonly handled: number[] = [];

  constructor(error: unknown = new Error('broken')) {
    this.error = error;
  }

  handle = ({ data }: { readonly data: number }): void => {
    if (this.error !== undefined) throw this.error;
    this.handled.push(data);
  };
}

/** The letter of an event that failed with this, as another process lists it. */
async function letterAfter(
  error: unknown,
  maxAttempts = 1,
): Promise<{ letter: DeadLetter; headers: Readonly<Record<string, string>> }> {
  await using broker = memoryBroker();
  await using bus = createBrokeredBus(broker, { group: 'g' });
  bus.on(Tick, new Breakable(error), { name: 'count', retry: { maxAttempts, delayMs: 0 } });
  await bus.publish(Tick, 1);
  await bus.drain();
  await using other = createBrokeredBus(broker, { group: 'g' });
  const [letter] = await other.deadLetters.list();
  const [{ headers } = { headers: {} }] = await broker.letterStore('g').list();
  return { letter: letter!, headers };
}

describe('the dead letters of a brokered bus', () => {
  it(
    'are on the broker: the message as it came, and why, when, by whom and after what it is dead',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', createId: () => 'made' });
      bus.on(Tick, new Breakable(), { name: 'count', retry: { maxAttempts: 2, delayMs: 50 } });
      await bus.publish(Tick, 7, { id: 'a', subject: 's', headers: { tenant: 'ü' } });
      await time.advance(100);
      const [stored] = await broker.letterStore('g').list();
      expect(stored).toMatchObject({ id: 'made', topic: 'tick', key: 's', time: 0 });
      expect(new TextDecoder().decode(stored!.body)).toBe('7');
      const { 'dead-letter-details': details, ...headers } = stored!.headers;
      expect(headers).toStrictEqual({
        'ce-specversion': '1.0',
        'ce-id': 'a',
        'ce-type': 'tick',
        'ce-source': 'g',
        'ce-subject': 's',
        'ce-partitionkey': 's',
        'ce-time': '1970-01-01T00:00:00.000Z',
        'content-type': 'application/json',
        tenant: 'ü',
        'dead-letter-message-id': 'a',
        'dead-letter-group': 'g',
        'dead-letter-handler': 'count',
        'dead-letter-reason': 'exhausted',
        'dead-letter-error': 'broken',
        'dead-letter-attempts': '2',
        'dead-letter-deliveries': '1',
        'dead-letter-redriven': '0',
        'dead-letter-time': '1970-01-01T00:00:00.050Z',
      });
      expect(details).toContain('startedAt');
    }),
  );

  it(
    'are listed by every process of the group, as they were, and by no other group',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const told: DeadLetter[] = [];
      bus.deadLetters.subscribe((letter) => told.push(letter));
      const error = Object.assign(new TypeError('broken'), { status: 503 });
      bus.on(Tick, new Breakable(error), { name: 'count', retry: { maxAttempts: 2, delayMs: 50 } });
      await bus.publish(Tick, 7, { id: 'a', subject: 's', headers: { tenant: 'ü' } });
      await time.advance(100);
      await using client = memoryBroker({ store });
      await using other = createBrokeredBus(client, { group: 'g' });
      await using stranger = createBrokeredBus(client, { group: 'h' });
      const [letter] = await other.deadLetters.list();
      const { event, error: listed, attempts, ...rest } = letter!;
      const { event: toldEvent, error: _, attempts: __, ...toldRest } = told[0]!;
      expect(rest).toStrictEqual(toldRest);
      expect(event.toJSON()).toStrictEqual(toldEvent.toJSON());
      expect(listed).toMatchObject({ name: 'TypeError', message: 'broken', status: 503 });
      expect(attempts).toMatchObject([
        { attempt: 1, startedAt: 0, endedAt: 0, error: { message: 'broken' } },
        { attempt: 2, startedAt: 50, endedAt: 50, error: { message: 'broken' } },
      ]);
      expect(await stranger.deadLetters.list()).toStrictEqual([]);
    }),
  );

  it('may be redriven by another process, to the handler of their name, and are gone then', async () => {
    const store = memoryBrokerStore();
    {
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, new Breakable(), { name: 'count' });
      bus.on(Tick, new Breakable(), { name: 'mail' });
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await bus.drain();
    }
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const mended = new Breakable();
    mended.error = undefined;
    const handler = bus.on(Tick, mended, { name: 'count' });
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2, handled: 2, dead: 0, skipped: 2 });
    expect(mended.handled).toStrictEqual([1, 2]);
    expect(handler.stats()).toMatchObject({ accepted: 0, redriven: 2, handled: 2 });
    expect((await bus.deadLetters.list()).map(({ handler: name }) => name)).toStrictEqual(['mail', 'mail']);
    expect(await bus.deadLetters.discard()).toBe(2);
    expect(await broker.letterStore('g').list()).toStrictEqual([]);
  });

  it('keep what probes have noted, which is there when another process redrives them', async () => {
    const noted = { traceparent: 'ü "1"', tenant: 'acme\n' };
    const origins: unknown[] = [];
    const probe: Probe = {
      burying: () => noted,
      started: ({ origin }) => void origins.push(origin?.headers),
    };
    const store = memoryBrokerStore();
    {
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g', probe });
      bus.on(Tick, new Breakable(), { name: 'count' });
      await bus.publish(Tick, 1, { headers: { tenant: 'none' } });
      await bus.drain();
    }
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g', probe });
    const [letter] = await bus.deadLetters.list();
    expect(letter!.headers).toStrictEqual(noted);
    expect(letter!.event.headers).toStrictEqual({ tenant: 'none' });
    bus.on(Tick, new Breakable(), { name: 'count' });
    await bus.deadLetters.redrive();
    expect(origins).toStrictEqual([undefined, noted]);
    expect(await bus.deadLetters.list()).toMatchObject([{ redriven: 1, headers: noted }]);
  });

  it('do without what probes have noted, where the broker takes no such headers', async () => {
    const inner = memoryBroker();
    await using broker = changedBroker(inner, {
      letterStore: (name) => ({
        ...inner.letterStore(name),
        add: async (letter) => {
          if ('dead-letter-headers' in letter.headers) throw new InvalidOptionError('Too large.');
          await inner.letterStore(name).add(letter);
        },
      }),
    });
    await using bus = createBrokeredBus(broker, { group: 'g', probe: { burying: () => ({ a: 'b' }) } });
    bus.on(Tick, new Breakable(), { name: 'count' });
    await bus.publish(Tick, 1, { id: 'a' });
    await bus.drain();
    expect(await inner.letterStore('g').list()).toMatchObject([{ headers: { 'ce-id': 'a' } }]);
  });

  it.each(['no JSON', '1', 'null'])('let go of notes that another program has made %s of', async (text) => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g', probe: { burying: () => ({ a: 'b' }) } });
    bus.on(Tick, new Breakable(), { name: 'count' });
    await bus.publish(Tick, 1);
    await bus.drain();
    const letters = broker.letterStore('g');
    const [stored] = await letters.list();
    expect(stored!.headers['dead-letter-headers']).toBe('{"a":"b"}');
    await letters.remove(stored!.id);
    await letters.add({ ...stored!, headers: { ...stored!.headers, 'dead-letter-headers': text } });
    await using other = createBrokeredBus(broker, { group: 'g' });
    expect((await other.deadLetters.list())[0]).not.toHaveProperty('headers');
  });

  it(
    'that fail again are new letters, not redelivered, and count how often',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const handler = new Breakable();
      bus.on(Tick, handler, { name: 'count', redelivery: { maxDeliveries: 2 } });
      await bus.publish(Tick, 1, { id: 'a' });
      await time.advance(10);
      const [first] = await bus.deadLetters.list();
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, dead: 1 });
      const [second, ...rest] = await bus.deadLetters.list();
      expect(rest).toStrictEqual([]);
      expect(second).toMatchObject({ redriven: 1, handler: 'count', event: { id: 'a' } });
      expect(second!.id).not.toBe(first!.id);
      handler.error = undefined;
      expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(await bus.deadLetters.list()).toStrictEqual([]);
      expect([broker.acked.length, broker.nacked.length]).toStrictEqual([1, 1]);
      expect(bus.stats()).toMatchObject({ lost: 0, handlers: [{ accepted: 2, redriven: 2, handled: 1, dead: 2 }] });
    }),
  );

  it(
    'that are in redrive when their handler closes are letters again',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      let isBroken = true;
      const handler = bus.on(Tick, () => (isBroken ? Promise.reject(new Error('broken')) : new Promise(() => {})), {
        name: 'count',
      });
      await bus.publish(Tick, 1, { id: 'a' });
      await time.settle();
      isBroken = false;
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      handler.unsubscribe();
      expect(await redriven).toMatchObject({ redriven: 1, dead: 1 });
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'abandoned', redriven: 1, event: { id: 'a' } }]);
    }),
  );

  it.each([
    [
      'where the broker keeps none',
      (inner: ReturnType<typeof memoryBroker>) => lesserBroker(inner, { letterStores: false }),
      {},
    ],
    ['that are given', (inner: ReturnType<typeof memoryBroker>) => inner, { deadLetters: createDeadLetterQueue() }],
  ])('are in this process %s, and can be redriven, whether they fail again or not', async (_, open, options) => {
    await using broker = open(memoryBroker());
    await using bus = createBrokeredBus(broker, { group: 'g', ...options });
    const handler = new Breakable();
    const { stats } = { stats: bus.on(Tick, handler, { name: 'count', retry: { maxAttempts: 2, delayMs: 0 } }) };
    await bus.publish(Tick, 1);
    await bus.deadLetters.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, dead: 1 });
    expect(await bus.deadLetters.list()).toMatchObject([{ redriven: 1, attempts: [{ attempt: 1 }, { attempt: 2 }] }]);
    handler.error = undefined;
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 1 });
    expect(handler.handled).toStrictEqual([1]);
    expect(stats.stats()).toMatchObject({ accepted: 1, redriven: 2, handled: 1, dead: 2 });
  });

  it('of another program, or of none, are listed as far as they can be read', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const body = new TextEncoder().encode('hello');
    await broker
      .letterStore('g')
      .add({ id: 'x', topic: 'orders', body, headers: { 'dead-letter-details': '{' }, time: 5 });
    const [letter] = await bus.deadLetters.list();
    expect(letter).toMatchObject({
      id: 'x',
      reason: 'exhausted',
      time: 5,
      redriven: 0,
      attempts: [],
      event: { type: 'orders', data: body },
    });
    expect(letter!.handler).toBeUndefined();
    expect(await bus.deadLetters.redrive()).toMatchObject({ skipped: 1 });
  });
});

describe('what a letter says of its errors', () => {
  it('is all there is, as long as it is short', async () => {
    const { letter } = await letterAfter(new Error('outer', { cause: new RangeError('inner') }));
    expect(letter.error).toBeInstanceOf(Error);
    expect(letter.error).toMatchObject({ message: 'outer', cause: { name: 'RangeError', message: 'inner' } });
    expect((letter.error as Error).stack).toContain('dead-letters.spec');
  });

  it('leaves out stacks and details if that were too much, then the first attempts', async () => {
    const error = Object.assign(new TypeError('x'.repeat(5_000)), { response: 'y'.repeat(50_000) });
    const { letter, headers } = await letterAfter(error, 40);
    expect(headers['dead-letter-details']!.length).toBeLessThanOrEqual(16_384);
    expect(headers['dead-letter-error']!.length).toBeLessThanOrEqual(1_001);
    expect(headers['dead-letter-attempts']).toBe('40');
    expect(letter.error).toMatchObject({ name: 'TypeError', message: `${'x'.repeat(1_000)}…` });
    expect(letter.attempts.length).toBeGreaterThan(3);
    expect(letter.attempts.at(-1)).toMatchObject({ attempt: 40, error: { name: 'TypeError' } });
  });

  it('is text that every broker can carry', async () => {
    const { headers } = await letterAfter(new Error(`${'x'.repeat(999)}🚀 \uD800`));
    const half = await letterAfter(new Error('a\uD800b'));
    for (const text of [headers['dead-letter-error']!, half.headers['dead-letter-error']!]) {
      expect(() => encodeURIComponent(text)).not.toThrow();
    }
    expect(half.headers['dead-letter-error']).toBe('a\uFFFDb');
  });

  it.each([
    ['a text', 'broken', 'broken'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object without a prototype', Object.create(null), 'an error without a text'],
    ['a symbol', Symbol('broken'), 'Symbol(broken)'],
    [
      'an object that throws when it is looked at',
      {
        get status() {
          throw new Error('no');
        },
        toString: () => 'odd',
      },
      'odd',
    ],
    ['an error without a message', Object.assign(new Error('x'), { message: undefined }), 'undefined'],
  ])('may be of %s', async (_, error, text) => {
    // What is undefined would be no failure to the handler of these specs.
    const { headers } = await letterAfter(error ?? (error === null ? error : 'undefined'));
    expect(headers['dead-letter-error']).toBe(text);
  });
});
