import {
  createBrokeredBus,
  defineEvent,
  type EventMessage,
  InvalidOptionError,
  memoryBroker,
  memoryBrokerStore,
  payload,
  type ReportedError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { bufferCount, from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changedBroker, lesserBroker } from '../../support/changed-broker.ts';
import { OrderPlaced, Tick, Tock } from '../../support/events.ts';

const data = map((event: EventMessage) => event.data);

describe('those who only listen', () => {
  it(
    'hear what is published from now on, by whomever, of events, lists and patterns',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      await using other = createBrokeredBus(memoryBroker({ store }), { group: 'other' });
      const seen: string[] = [];
      await other.publish(Tick, 0);
      bus.events(Tick).subscribe((event) => seen.push(`one ${event.data}`));
      bus.events([Tick, Tock]).subscribe((event) => seen.push(`list ${event.data}`));
      bus.events('*').subscribe((event) => seen.push(`pattern ${String(event.data)}`));
      bus.subject(Tock).subscribe((event) => seen.push(`subject ${event.data}`));
      await bus.ready;
      await other.publish(Tick, 1);
      bus.emit(Tock, 2);
      await time.settle();
      expect(seen.toSorted()).toStrictEqual(['list 1', 'list 2', 'one 1', 'pattern 1', 'pattern 2', 'subject 2']);
    }),
  );

  it(
    'share one group that ends with the last of them, and begins anew with the next',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      const groups = (): number => store.stats().groups.length;
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const events = bus.events([Tick, Tock]);
      const subscriptions = [events.subscribe(), events.subscribe(), bus.events([Tock, Tick]).subscribe()];
      const subject = bus.subject(Tick);
      const listeners = [subject.subscribe(), subject.subscribe()];
      expect(groups()).toBe(2);
      for (const subscription of [...subscriptions.slice(1), listeners[0]!]) subscription.unsubscribe();
      await time.settle();
      expect(groups()).toBe(2);
      for (const subscription of [subscriptions[0]!, listeners[1]!]) subscription.unsubscribe();
      await time.settle();
      expect(groups()).toBe(0);
      const seen: unknown[] = [];
      events.pipe(data).subscribe((each) => seen.push(each));
      subject.pipe(data).subscribe((each) => seen.push(each));
      await bus.publish(Tick, 5);
      await time.settle();
      expect(seen).toStrictEqual([5, 5]);
      expect(groups()).toBe(2);
    }),
  );

  it(
    'hear all in order, and whole pipelines work on it',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: unknown[] = [];
      bus
        .events(Tick)
        .pipe(data, bufferCount(500))
        .subscribe((each) => seen.push(each));
      for (let number = 0; number < 1_000; number++) bus.emit(Tick, number);
      await time.settle();
      const all = Array.from({ length: 1_000 }, (_, index) => index);
      expect(seen).toStrictEqual([all.slice(0, 500), all.slice(500)]);
    }),
  );

  it(
    'are not given what cannot be read, which is reported',
    virtualTest(async ({ time }) => {
      const Paid = defineEvent('paid', z.number());
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const errors: ReportedError[] = [];
      const seen: unknown[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus
        .events(Paid)
        .pipe(data)
        .subscribe((each) => seen.push(each));
      await broker.publish({ id: 'm', topic: 'paid', body: new Uint8Array(), headers: {} });
      await bus.publish(Paid, 'x' as unknown as number);
      await bus.publish(Paid, 1);
      await time.settle();
      expect(seen).toStrictEqual([1]);
      expect(errors.map(({ kind, error }) => [kind, (error as { code: string }).code])).toStrictEqual([
        ['broker', 'INVALID_MESSAGE'],
        ['broker', 'SCHEMA'],
      ]);
    }),
  );

  it(
    'are complete when the bus closes or drains, also those who come later',
    virtualTest(async ({ time }) => {
      for (const end of ['close', 'drain'] as const) {
        const store = memoryBrokerStore();
        await using broker = memoryBroker({ store });
        const bus = createBrokeredBus(broker, { group: 'g' });
        const seen: string[] = [];
        const events = bus.events(Tick);
        const subject = bus.subject(Tick);
        events.subscribe({ complete: () => seen.push('events') });
        subject.subscribe({ complete: () => seen.push('subject') });
        await bus[end]();
        events.subscribe({ complete: () => seen.push('late events') });
        subject.subscribe({ complete: () => seen.push('late subject') });
        bus.events(Tock).subscribe({ complete: () => seen.push('later') });
        await time.settle();
        expect(seen.toSorted()).toStrictEqual(['events', 'late events', 'late subject', 'later', 'subject']);
        expect(store.stats().groups).toStrictEqual([]);
      }
    }),
  );

  it('are told of a pattern that the broker has no capability for', async () => {
    const inner = memoryBroker();
    await using broker = changedBroker(lesserBroker(inner, { wildcards: false }), {
      subscribe: (options) => {
        if (options.topics.includes('*')) throw new InvalidOptionError('no wildcards');
        return inner.subscribe(options);
      },
    });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const errors: unknown[] = [];
    bus.events('*').subscribe({ error: (error) => errors.push(error) });
    expect(errors).toMatchObject([{ message: 'no wildcards' }]);
    await expect(bus.once('*')).rejects.toThrow('no wildcards');
  });
});

describe('a subject', () => {
  it(
    'publishes what is sent into it, by whatever, and its handlers are those of the bus',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      const subject = bus.subject(Tick);
      subject.on((event) => void seen.push(`handler ${event.data}`), { name: 'count' });
      subject.subscribe((event) => seen.push(`subscriber ${event.data}`));
      from([1, 2])
        .pipe(map((each) => Tick.create(each)))
        .subscribe(subject);
      subject.emit(3);
      expect(await subject.publish(4)).toMatchObject({ stage: 'confirmed' });
      await time.settle();
      // A publish waits for nobody, so it may overtake what was emitted.
      expect(seen.toSorted()).toStrictEqual(
        [1, 2, 3, 4].map((each) => `handler ${each}`).concat([1, 2, 3, 4].map((each) => `subscriber ${each}`)),
      );
    }),
  );

  it(
    'says nothing to its subscribers but by way of the broker',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: unknown[] = [];
      bus
        .subject(Tick)
        .pipe(data)
        .subscribe((each) => seen.push(each));
      bus.emit(Tick, 1);
      expect(seen).toStrictEqual([]);
      await time.settle();
      expect(seen).toStrictEqual([1]);
    }),
  );

  it(
    'with replay remembers from the start, and gives those who come late the latest first',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const subject = bus.subject(Tick, { replay: 2 });
      await bus.ready;
      for (const each of [1, 2, 3]) await bus.publish(Tick, each);
      await time.settle();
      const seen: unknown[] = [];
      const early = subject.pipe(data).subscribe((each) => seen.push(each));
      await bus.publish(Tick, 4);
      await time.settle();
      expect(seen).toStrictEqual([2, 3, 4]);
      early.unsubscribe();
      await bus.publish(Tick, 5);
      await time.settle();
      bus
        .subject(Tick, { replay: 2 })
        .pipe(data)
        .subscribe((each) => seen.push(each));
      expect(seen).toStrictEqual([2, 3, 4, 4, 5]);
      await bus.drain();
      expect(store.stats().groups).toStrictEqual([]);
    }),
  );
});

describe('once', () => {
  it(
    'with a handler handles the next event only, as any handler does, and leaves no group',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g', from: 'earliest' });
      const seen: string[] = [];
      await bus.publish(Tick, 0);
      const once = bus.once(
        Tick,
        (event, { attempt }) => {
          seen.push(`${event.data}, attempt ${attempt}`);
          if (attempt === 1) throw new Error('broken');
        },
        { retry: { maxAttempts: 2, delayMs: 10 } },
      );
      await bus.ready;
      for (const each of [1, 2, 3]) await bus.publish(Tick, each);
      await time.advance(20);
      expect(seen).toStrictEqual(['1, attempt 1', '1, attempt 2']);
      expect(once.closed).toBe(true);
      expect(bus.stats().handlers).toStrictEqual([]);
      expect(store.stats()).toMatchObject({ groups: [], unsettled: 0 });
    }),
  );

  it(
    'goes on behind a message that is no event, and is dead-lettered as others are',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: unknown[] = [];
      bus.once(
        Tick,
        (event) => {
          seen.push(event.data);
          throw new Error('broken');
        },
        { name: 'next-tick' },
      );
      await broker.publish({ id: 'm', topic: 'tick', body: new Uint8Array(), headers: {} });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(seen).toStrictEqual([1]);
      expect(await bus.deadLetters.list()).toMatchObject([
        { reason: 'invalid', handler: 'next-tick' },
        { reason: 'exhausted', handler: 'next-tick' },
      ]);
    }),
  );

  it(
    'may begin where it is told, and is refused redelivery',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: unknown[] = [];
      for (const each of [1, 2]) await bus.publish(Tick, each);
      const options = { name: 'second', from: { sequence: 2 } };
      bus.once(Tick, (event) => void seen.push(event.data), options);
      await time.settle();
      expect(seen).toStrictEqual([2]);
      const redelivered = { name: 'next', redelivery: { maxDeliveries: 2 } };
      expect(() => bus.once(Tick, () => undefined, redelivered)).toThrow(InvalidOptionError);
    }),
  );

  it(
    'as a promise resolves with the next event, of one, several or a pattern',
    virtualTest(async () => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const all: Promise<EventMessage>[] = [bus.once(OrderPlaced), bus.once([OrderPlaced, Tick]), bus.once('order.*')];
      await bus.ready;
      bus.emit(OrderPlaced, { id: 'o1', total: 1 });
      bus.emit(OrderPlaced, { id: 'o2', total: 1 });
      const events = await Promise.all(all);
      expect(events.map((event) => (event.data as { id: string }).id)).toStrictEqual(['o1', 'o1', 'o1']);
      expect(store.stats().groups).toStrictEqual([]);
    }),
  );

  it(
    'as a promise rejects when its signal is aborted, or its bus ends first',
    virtualTest(async () => {
      await using broker = memoryBroker();
      const bus = createBrokeredBus(broker, { group: 'g' });
      const controller = new AbortController();
      const aborted = bus.once(Tick, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      const next = bus.once(Tick);
      const rejected = expect(next).rejects.toMatchObject({ code: 'CLOSED' });
      await bus.drain();
      await rejected;
    }),
  );
});

describe('what nobody listens to', () => {
  it('is no feed', async () => {
    const store = memoryBrokerStore();
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    bus.events('>');
    bus.subject(defineEvent('noted', payload<string>()));
    expect(store.stats().groups).toStrictEqual([]);
  });
});
