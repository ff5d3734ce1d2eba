import {
  type Broker,
  type BrokerMessage,
  createEventBus,
  defineEvent,
  type DocumentStore,
  type EventMessage,
  memoryBroker,
  memoryEventStore,
  payload,
  ProjectionStoppedError,
  relay,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const Closed = defineEvent('account.closed', payload<void>());

const deposit = (amount: number) => ({ type: 'account.deposited', data: { amount } });
const deposits = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => deposit(from + index));
const amountOf = ({ data }: EventMessage) => (data as { amount: number }).amount;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A broker that keeps what it is given, as far as it lets it in. */
class Outside {
  readonly messages: BrokerMessage[] = [];
  /** Called before each publish; throws what the broker says. */
  before: (messages: readonly BrokerMessage[]) => void = () => undefined;
  /** Called after it. */
  after: () => void = () => undefined;
  readonly broker: Broker;

  constructor() {
    const inner = memoryBroker();
    this.broker = Object.assign(Object.create(inner) as Broker, {
      publish: async (given: BrokerMessage | readonly BrokerMessage[]) => {
        const messages = [given].flat();
        this.before(messages);
        this.messages.push(...messages);
        this.after();
        return messages.map(({ id }) => ({ id, isDuplicate: false }));
      },
    });
  }

  get amounts(): number[] {
    return this.messages.map(({ body }) => (JSON.parse(new TextDecoder().decode(body)) as { amount: number }).amount);
  }
}

describe('to a bus', () => {
  it(
    'hands over what is stored and what comes, in its order, with all that is known of it',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await using bus = createEventBus();
      const seen: EventMessage[] = [];
      bus.on([Deposited, Closed], (event) => void seen.push(event));
      await store.append('account-1', {
        ...deposit(1),
        source: 'desk',
        subject: 'acc-1',
        headers: { correlationId: 'c' },
      });
      await using outbox = relay(store, bus, { events: [Deposited, Closed] });
      await outbox.caughtUp();
      const { ids } = await store.append('account-1', [deposit(2), { type: 'account.closed', data: undefined }]);
      await outbox.caughtUp();
      expect(seen.map(({ type, data }) => [type, data])).toStrictEqual([
        ['account.deposited', { amount: 1 }],
        ['account.deposited', { amount: 2 }],
        ['account.closed', undefined],
      ]);
      expect(seen.slice(1).map(({ id }) => id)).toStrictEqual(ids);
      expect(seen[0]).toMatchObject({
        source: 'desk',
        subject: 'acc-1',
        headers: { correlationId: 'c', stream: 'account-1', streamVersion: '1' },
      });
    }),
  );

  it(
    'leaves out what the bus was not to know',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await using bus = createEventBus();
      const seen: string[] = [];
      bus.on('>', ({ type }) => void seen.push(type));
      await store.append('account-1', [deposit(1), { type: 'account.closed', data: undefined }]);
      await using outbox = relay(store, bus, { events: [Deposited] });
      await outbox.caughtUp();
      expect(seen).toStrictEqual(['account.deposited']);
    }),
  );

  it(
    'goes on behind an event that a handler cannot handle, or that does not fit its schema: the bus has their letters',
    virtualTest(async () => {
      const Checked = defineEvent('account.deposited', z.object({ amount: z.number().min(2) }));
      await using store = memoryEventStore();
      await using bus = createEventBus();
      const seen: number[] = [];
      bus.on(
        Checked,
        ({ data }) => {
          if (data.amount === 3) throw new Error('three');
          seen.push(data.amount);
        },
        { name: 'count' },
      );
      await store.append('account-1', deposits(1, 6));
      await using outbox = relay(store, bus, { events: [Checked] });
      await outbox.caughtUp();
      expect(seen).toStrictEqual([2, 4, 5]);
      const letters = await bus.deadLetters.list();
      expect(letters.map(({ reason, event }) => [reason, amountOf(event)])).toStrictEqual([
        ['invalid', 1],
        ['exhausted', 3],
      ]);
    }),
  );

  it(
    'waits for the handlers of one event before the next',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await using bus = createEventBus();
      let atWork = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++atWork);
        await new Promise((resolve) => setTimeout(resolve, 10));
        atWork--;
      };
      bus.on(Deposited, work, { concurrency: 16 });
      await store.append('account-1', deposits(0, 20));
      await using outbox = relay(store, bus, { events: [Deposited] });
      await outbox.caughtUp();
      expect(most).toBe(1);
    }),
  );

  it(
    'gives an event again to a bus whose handler had no room for it',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await using bus = createEventBus();
      const seen: number[] = [];
      const work = async ({ data }: { data: { amount: number } }): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        seen.push(data.amount);
      };
      bus.on(Deposited, work, { capacity: 0, overflow: 'fail' });
      bus.emit(Deposited, { amount: -1 });
      await store.append('account-1', deposits(0, 2));
      await using outbox = relay(store, bus, { events: [Deposited] });
      await outbox.caughtUp();
      expect(seen).toStrictEqual([-1, 0, 1]);
    }),
  );

  it(
    'stops when the bus is closed, and says so',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const bus = createEventBus();
      bus.close();
      await store.append('account-1', deposits(0, 2));
      await using outbox = relay(store, bus, { events: [Deposited] });
      outbox.errors.subscribe();
      await expect(outbox.caughtUp()).rejects.toThrow(/version 1 of stream 'account-1'.*ClosedError/);
    }),
  );
});

describe('to a broker', () => {
  it(
    'publishes CloudEvents, the type as topic and the stream as key',
    virtualTest(async () => {
      const store = memoryEventStore({ name: 'accounts' });
      const outside = new Outside();
      await store.append('account-1', [
        { ...deposit(1), id: 'e1', time: 0, subject: 'acc-1', headers: { traceparent: '00-1-2-01' } },
        { type: 'account.closed', data: undefined, source: '/desk' },
      ]);
      await using outbox = relay(store, outside.broker);
      await outbox.caughtUp();
      const [first, second] = outside.messages;
      expect(first).toStrictEqual({
        id: 'e1',
        topic: 'account.deposited',
        key: 'account-1',
        time: 0,
        body: new TextEncoder().encode('{"amount":1}'),
        headers: {
          'ce-specversion': '1.0',
          'ce-id': 'e1',
          'ce-type': 'account.deposited',
          'ce-source': 'accounts',
          'ce-time': '1970-01-01T00:00:00.000Z',
          'ce-subject': 'acc-1',
          'ce-partitionkey': 'account-1',
          'content-type': 'application/json',
          traceparent: '00-1-2-01',
          stream: 'account-1',
          streamVersion: '1',
        },
      });
      expect(second).toMatchObject({ body: new Uint8Array(), headers: { 'ce-source': '/desk', streamVersion: '2' } });
      expect(second?.headers).not.toHaveProperty('content-type');
    }),
  );

  it(
    'publishes in batches of at most maxBatchSize, one at a time',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const outside = new Outside();
      const sizes: number[] = [];
      outside.before = ({ length }) => void sizes.push(length);
      await store.append('account-1', deposits(0, 250));
      await using outbox = relay(store, outside.broker, { maxBatchSize: 100 });
      await outbox.caughtUp();
      expect(outside.amounts).toStrictEqual(upTo(250));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    }),
  );

  it(
    'waits for a broker that is away, and keeps the order',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      const outside = new Outside();
      let isAway = true;
      outside.before = () => {
        if (isAway) throw new Error('away');
      };
      await using outbox = relay(store, outside.broker, { maxBatchSize: 2 });
      await store.append('account-1', deposits(0, 5));
      await time.advance(60_000);
      expect(outbox.stats()).toMatchObject({ state: 'catching-up', checkpoint: undefined });
      await store.append('account-1', deposits(5, 10));
      isAway = false;
      await outbox.caughtUp();
      expect(outside.amounts).toStrictEqual(upTo(10));
    }),
  );

  it(
    'repeats with the same ids what may have arrived, and loses nothing',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const outside = new Outside();
      let publishes = 0;
      outside.after = () => {
        if (++publishes % 3 === 0) throw new Error('no answer');
      };
      const { ids } = await store.append('account-1', deposits(0, 50));
      await using outbox = relay(store, outside.broker, { maxBatchSize: 4 });
      await outbox.caughtUp();
      const received = outside.messages.map(({ id }) => id);
      expect(received.length).toBeGreaterThan(50);
      expect([...new Set(received)]).toStrictEqual(ids);
    }),
  );

  it(
    'stops before an event that cannot be sent at all, and says which',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await using broker = memoryBroker();
      await store.append('account-1', [deposit(1), { type: 'two words', data: {} }]);
      await using outbox = relay(store, broker, { maxBatchSize: 1 });
      outbox.errors.subscribe();
      const error = await outbox.caughtUp().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ProjectionStoppedError);
      expect((error as Error).message).toMatch(/'two words', version 2 of stream 'account-1'.*message\.topic/);
    }),
  );
});

describe('across processes', () => {
  /** What a process writes that dies: nothing of it arrives any more. */
  function mortal(documents: DocumentStore): { readonly documents: DocumentStore; die(): void } {
    let isDead = false;
    const never = new Promise<never>(() => undefined);
    return {
      documents: { ...documents, put: (...document) => (isDead ? never : documents.put(...document)) },
      die: () => void (isDead = true),
    };
  }

  it(
    'goes on where the last one ended',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const outside = new Outside();
      await store.append('account-1', deposits(0, 10));
      {
        await using outbox = relay(store, outside.broker);
        await outbox.caughtUp();
      }
      await store.append('account-1', deposits(10, 20));
      await using outbox = relay(store, outside.broker);
      await outbox.caughtUp();
      expect(outside.amounts).toStrictEqual(upTo(20));
    }),
  );

  it(
    'begins with what comes, if it is told so, and then goes on from there',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const outside = new Outside();
      await store.append('account-1', deposits(0, 10));
      {
        await using outbox = relay(store, outside.broker, { from: 'end' });
        await outbox.caughtUp();
        await store.append('account-1', deposits(10, 12));
        await outbox.caughtUp();
      }
      await store.append('account-1', deposits(12, 14));
      await using outbox = relay(store, outside.broker, { from: 'end' });
      await outbox.caughtUp();
      expect(outside.amounts).toStrictEqual([10, 11, 12, 13]);
    }),
  );

  it(
    'ends within 5 seconds while its broker is away',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      const outside = new Outside();
      outside.before = () => {
        throw new Error('away');
      };
      await store.append('account-1', deposits(0, 10));
      const begun = time.now;
      {
        await using outbox = relay(store, outside.broker);
        await time.advance(1_000);
        expect(outbox.stats().state).toBe('catching-up');
      }
      expect(time.now - begun).toBeLessThanOrEqual(6_000);
    }),
  );

  it(
    'takes over from one that died without a word: nothing is missing, and what comes twice has the same id',
    virtualTest(
      async ({ time }) => {
        await using store = memoryEventStore();
        const outside = new Outside();
        const first = mortal(store.documents);
        const dying = relay(store, outside.broker, {
          maxBatchSize: 3,
          leaseMs: 1_000,
          checkpoints: first.documents,
        });
        await store.append('account-1', deposits(0, 10));
        await dying.caughtUp();
        await time.advance(150);
        await store.append('account-1', deposits(10, 20));
        await dying.caughtUp();
        // Its last checkpoint is not kept any more.
        first.die();
        await using heir = relay(store, outside.broker, { leaseMs: 1_000 });
        await store.append('account-1', deposits(20, 30));
        await time.advance(2_000);
        await heir.caughtUp();
        expect([...new Set(outside.amounts)]).toStrictEqual(upTo(30));
        const ids = new Set(outside.messages.map(({ id }) => id));
        expect(ids.size).toBe(30);
        expect(outside.messages.length).toBeGreaterThan(30);
      },
      { pendingTimers: 'ignore' },
    ),
  );

  it(
    'relays once, when several run',
    virtualTest(async () => {
      await using store = memoryEventStore();
      const outside = new Outside();
      await using one = relay(store, outside.broker);
      await using other = relay(store, outside.broker);
      for (let at = 0; at < 50; at += 10) {
        await store.append('account-1', deposits(at, at + 10));
        await one.caughtUp();
      }
      await other.caughtUp();
      expect(outside.amounts).toStrictEqual(upTo(50));
      expect([one.stats().state, other.stats().state].toSorted()).toStrictEqual(['live', 'standby']);
    }),
  );
});

describe('bad input', () => {
  const store = memoryEventStore();
  const bus = createEventBus();

  it.each([
    ['no definitions for a bus', () => relay(store, bus), /Expected events, the definitions/],
    ['no target', () => relay(store, undefined as never), /Expected a target that is a bus or a broker, got undefined/],
    ['something else', () => relay(store, {} as never), /Expected a target that is a bus or a broker, got an object/],
    ['options that are none', () => relay(store, bus, 5 as never), /options/],
    ['a batch size', () => relay(store, memoryBroker(), { maxBatchSize: 0 }), /batch\.maxSize.*≥ 1, got 0/],
    ['a name', () => relay(store, memoryBroker(), { name: ' ' }), /name/],
  ])('is refused: %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
