import {
  type BrokerMessage,
  type BrokerState,
  ClosedError,
  createBrokeredBus,
  defineEvent,
  InvalidOptionError,
  memoryBroker,
  OverflowError,
  payload,
  type ReportedError,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { BehaviorSubject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { changedBroker } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';
import { settled } from '../../support/virtual-clock.ts';

function numbersOf(messages: readonly BrokerMessage[]): readonly number[] {
  return messages.map(({ body }) => Number(new TextDecoder().decode(body)));
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('what is emitted', () => {
  it('goes out in order, what is emitted in one turn together', async () => {
    const calls: number[] = [];
    const inner = recordingBroker();
    await using broker = changedBroker(inner, {
      publish: (messages, options) => {
        calls.push([messages].flat().length);
        return inner.publish(messages, options);
      },
    });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    for (const data of upTo(1_200)) expect(bus.emit(Tick, data)).toBe(true);
    expect(bus.stats()).toMatchObject({ emitted: 1_200, outgoing: { waiting: 1_200, capacity: 10_000, dropped: 0 } });
    await bus.drain();
    expect(numbersOf(inner.published)).toStrictEqual(upTo(1_200));
    expect(calls).toStrictEqual([500, 500, 200]);
  });

  it(
    'goes out one batch after the other, however long the broker takes',
    virtualTest(async () => {
      await using broker = recordingBroker({ publishing: 'ok@30ms ok@5ms ok' });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      for (const data of upTo(1_100)) bus.emit(Tick, data);
      await bus.drain();
      expect(numbersOf(broker.published)).toStrictEqual(upTo(1_100));
    }),
  );

  it(
    'is published again with the same ids, later and later, until the broker is there',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'x x x ok' });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      for (const data of [1, 2]) bus.emit(Tick, data);
      await time.advance(50);
      bus.emit(Tick, 3);
      expect(bus.stats().outgoing.waiting).toBe(3);
      await bus.drain();
      expect(time.now).toBe(100 + 200 + 400);
      expect(numbersOf(broker.published)).toStrictEqual([1, 2, 3]);
      const ids = broker.published.map(({ id }) => id);
      expect(broker.refused.map(({ id }) => id)).toStrictEqual([ids[0], ids[1], ids[0], ids[1], ids[0], ids[1]]);
      expect(errors.map(({ kind }) => kind)).toStrictEqual(['outgoing', 'outgoing', 'outgoing']);
    }),
  );

  it(
    'may be retried for as long as half a minute apart, and no longer',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: `${'x '.repeat(12)}ok` });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.errors.subscribe();
      bus.emit(Tick, 1);
      await bus.drain();
      // 100, 200 … 25,600, then 30,000.
      expect(time.now).toBe(100 * (2 ** 9 - 1) + 3 * 30_000);
    }),
  );

  it("that can never be sent buries itself alone, as nobody's letter", async () => {
    const inner = recordingBroker();
    await using broker = changedBroker(inner, {
      publish: async (messages, options) => {
        const batch = [messages].flat();
        if (numbersOf(batch).includes(3)) throw new InvalidOptionError('Too large.');
        return inner.publish(batch, options);
      },
    });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    for (const data of upTo(6)) bus.emit(Tick, data);
    await bus.drain();
    expect(numbersOf(inner.published)).toStrictEqual([0, 1, 2, 4, 5]);
    const [letter, ...rest] = await inner.letterStore('g').list();
    expect(rest).toStrictEqual([]);
    expect(letter!.headers).toMatchObject({ 'dead-letter-reason': 'rejected', 'dead-letter-error': 'Too large.' });
    expect(numbersOf([letter!])).toStrictEqual([3]);
    expect(bus.stats().outgoing).toStrictEqual({ waiting: 0, capacity: 10_000, dropped: 0 });
  });

  it('that is too large for a letter, too, leaves one without its data', async () => {
    const inner = memoryBroker();
    const maxSize = 100;
    const expectSmall = (messages: BrokerMessage | readonly BrokerMessage[]): void => {
      for (const { body } of [messages].flat()) if (body.length > maxSize) throw new InvalidOptionError('Too large.');
    };
    await using broker = changedBroker(inner, {
      publish: async (messages, options) => {
        expectSmall(messages);
        return inner.publish(messages, options);
      },
      letterStore: (name) => {
        const letters = inner.letterStore(name);
        return {
          list: () => letters.list(),
          remove: (id) => letters.remove(id),
          add: async (letter) => {
            expectSmall(letter);
            await letters.add(letter);
          },
        };
      },
    });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const Text = defineEvent('text', payload<string>());
    bus.emit(Text, 'x'.repeat(1_000), { id: 'a' });
    await bus.drain();
    const [letter] = await inner.letterStore('g').list();
    expect(letter).toMatchObject({ body: new Uint8Array(), headers: { 'ce-id': 'a', 'dead-letter-left-out': 'data' } });
    expect(await bus.deadLetters.list()).toMatchObject([
      { event: { id: 'a', type: 'text' }, error: { message: 'Too large.' } },
    ]);
  });

  it('is refused at once with a header that no broker carries', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    expect(() => bus.emit(Tick, 1, { headers: { 'no name': 'x' } })).toThrow(InvalidOptionError);
    expect(bus.stats().outgoing.waiting).toBe(0);
  });
});

describe('an outgoing buffer that is full', () => {
  it(
    'refuses by an error that says what to do',
    virtualTest(async () => {
      await using broker = recordingBroker({ publishing: 'ok@10ms' });
      await using bus = createBrokeredBus(broker, { group: 'g', outgoing: { capacity: 2 } });
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      expect(() => bus.emit(Tick, 3)).toThrow(OverflowError);
      expect(() => bus.emit(Tick, 3)).toThrow('Await publish()');
      expect(bus.stats()).toMatchObject({ emitted: 2, outgoing: { waiting: 2, capacity: 2 } });
      await bus.drain();
      expect(numbersOf(broker.published)).toStrictEqual([1, 2]);
    }),
  );

  it(
    'counts what is on its way, too',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'ok@10ms' });
      await using bus = createBrokeredBus(broker, { group: 'g', outgoing: { capacity: 1 } });
      bus.emit(Tick, 1);
      await time.advance(5);
      expect(() => bus.emit(Tick, 2)).toThrow(OverflowError);
      await time.advance(5);
      expect(bus.emit(Tick, 3)).toBe(true);
    }),
  );

  it(
    'drops the newest, says so, and counts it',
    virtualTest(async () => {
      await using broker = recordingBroker({ publishing: 'ok@10ms' });
      await using bus = createBrokeredBus(broker, { group: 'g', outgoing: { capacity: 2, overflow: 'drop-newest' } });
      expect([1, 2, 3, 4].map((data) => bus.emit(Tick, data))).toStrictEqual([true, true, false, false]);
      expect(bus.stats()).toMatchObject({ emitted: 2, outgoing: { waiting: 2, dropped: 2 } });
      await bus.drain();
      expect(numbersOf(broker.published)).toStrictEqual([1, 2]);
    }),
  );

  it(
    'drops what has waited longest, but for what is on its way',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'ok@10ms' });
      await using bus = createBrokeredBus(broker, { group: 'g', outgoing: { capacity: 3, overflow: 'drop-oldest' } });
      bus.emit(Tick, 0);
      await time.advance(5);
      expect([1, 2, 3, 4].map((data) => bus.emit(Tick, data))).toStrictEqual([true, true, true, true]);
      expect(bus.stats().outgoing).toMatchObject({ waiting: 3, dropped: 2 });
      await bus.drain();
      expect(numbersOf(broker.published)).toStrictEqual([0, 3, 4]);
    }),
  );

  it(
    'of one event drops the older, or the newer if the older is on its way',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'ok@10ms' });
      await using bus = createBrokeredBus(broker, { group: 'g', outgoing: { capacity: 1, overflow: 'drop-oldest' } });
      bus.emit(Tick, 1);
      expect(bus.emit(Tick, 2)).toBe(true);
      await time.advance(5);
      expect(bus.emit(Tick, 3)).toBe(false);
      await time.advance(5);
      bus.emit(Tick, 4);
      await bus.drain();
      expect(numbersOf(broker.published)).toStrictEqual([2, 4]);
      expect(bus.stats().outgoing.dropped).toBe(2);
    }),
  );

  it.each([
    [{ capacity: 0 }, 'outgoing.capacity'],
    [{ capacity: 1.5 }, 'outgoing.capacity'],
    [{ overflow: 'suspend' }, 'outgoing.overflow'],
    [5, 'outgoing'],
  ])('is made of options that can work: %s', async (outgoing, said) => {
    await using broker = memoryBroker();
    // @ts-expect-error some have no such type
    expect(() => createBrokeredBus(broker, { group: 'g', outgoing })).toThrow(said);
  });
});

describe('at the end', () => {
  it(
    'a drain waits until all is confirmed',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'x ok@10ms' });
      const bus = createBrokeredBus(broker, { group: 'g' });
      bus.errors.subscribe();
      bus.emit(Tick, 1);
      expect(await bus.drain()).toMatchObject({ completed: true, abandoned: 0 });
      expect(time.now).toBe(110);
      expect(broker.published).toHaveLength(1);
    }),
  );

  it(
    'a drain gives up at its deadline, and names what it has given up',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'x' });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.emit(Tick, 1, { id: 'a' });
      bus.emit(Tick, 2, { id: 'b' });
      expect(await bus.drain({ deadlineMs: 150 })).toMatchObject({ completed: false, abandoned: 2 });
      expect(time.now).toBe(150);
      expect(errors.at(-1)).toMatchObject({ kind: 'outgoing', error: { code: 'ABANDONED' } });
      expect(String(errors.at(-1)!.error)).toContain('2 emitted events');
      expect(String(errors.at(-1)!.error)).toContain('a, b');
    }),
  );

  it(
    'close gives up at once, and publishes nothing more',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'x ok' });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.emit(Tick, 1);
      await time.advance(50);
      bus.close();
      expect(errors.map(({ kind }) => kind)).toStrictEqual(['outgoing', 'outgoing']);
      await time.advance(1_000);
      expect(broker.published).toStrictEqual([]);
      expect(() => bus.emit(Tick, 2)).toThrow(ClosedError);
    }),
  );

  it('is refused when the broker is closed', async () => {
    const broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'g' });
    await broker.close();
    expect(() => bus.emit(Tick, 1)).toThrow(ClosedError);
    expect(() => bus.emit(Tick, 1)).toThrow("Expected broker 'memory' to be open");
    expect(bus.stats()).toMatchObject({ emitted: 0, outgoing: { waiting: 0 } });
    expect(await bus.drain()).toMatchObject({ completed: true, abandoned: 0 });
  });

  it(
    'what a broker was closed before is told in the report of the drain, now or later',
    virtualTest(async ({ time }) => {
      for (const isDraining of [true, false]) {
        const broker = memoryBroker();
        const bus = createBrokeredBus(broker, { group: 'g' });
        const errors: ReportedError[] = [];
        bus.errors.subscribe((error) => errors.push(error));
        bus.emit(Tick, 1);
        bus.emit(Tick, 2);
        const draining = isDraining ? bus.drain() : undefined;
        await broker.close();
        await time.advance(0);
        expect(errors).toMatchObject([{ kind: 'outgoing', error: { code: 'ABANDONED' } }]);
        expect(await (draining ?? bus.drain())).toMatchObject({ completed: false, abandoned: 2 });
      }
    }),
  );

  it(
    'a closed broker is not waited for until the next attempt is due',
    virtualTest(async ({ time }) => {
      const broker = recordingBroker({ publishing: `${'x '.repeat(12)}ok` });
      const bus = createBrokeredBus(broker, { group: 'g' });
      bus.errors.subscribe();
      bus.emit(Tick, 1);
      await time.advance(30_000);
      await broker.close();
      const { now } = time;
      expect(await bus.drain()).toMatchObject({ completed: false, abandoned: 1 });
      expect(time.now).toBe(now);
    }),
  );

  it('what a broker confirms while it closes is not lost', async () => {
    const inner = memoryBroker();
    const states = new BehaviorSubject<BrokerState>('connected');
    let confirm!: () => void;
    const broker = changedBroker(inner, {
      states,
      publish: async (messages) => {
        await new Promise<void>((resolve) => (confirm = resolve));
        return inner.publish(messages);
      },
    });
    const bus = createBrokeredBus(broker, { group: 'g' });
    bus.emit(Tick, 1);
    await settled();
    states.complete();
    expect(() => bus.emit(Tick, 2)).toThrow(ClosedError);
    confirm();
    expect(await bus.drain()).toMatchObject({ completed: true, abandoned: 0 });
    await inner.close();
  });
});
