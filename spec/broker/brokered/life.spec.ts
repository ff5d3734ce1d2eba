import {
  type Broker,
  createBrokeredBus,
  defineEvent,
  type EventMessage,
  memoryBroker,
  memoryBrokerStore,
  payload,
  type Probe,
  type ReportedError,
  TopologyError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { asyncScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { changedBroker } from '../../support/changed-broker.ts';
import { Tick, Tock } from '../../support/events.ts';
import { RestartableServer } from '../../support/restartable-broker.ts';
import { settled } from '../../support/virtual-clock.ts';

/** A broker on which nothing can be subscribed to, as it says after a while. */
function withoutTopology(error: Error): Broker {
  const fail = async (): Promise<never> => {
    await settled();
    throw error;
  };
  return changedBroker(memoryBroker(), {
    subscribe: () => ({
      ready: fail(),
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
      [Symbol.asyncIterator]: () => {
        const loop = { next: fail, [Symbol.asyncIterator]: () => loop };
        return loop;
      },
    }),
  });
}

describe('ready', () => {
  it(
    'resolves when all handlers and listeners can be reached',
    virtualTest(async ({ time }) => {
      const inner = memoryBroker();
      let delayMs = 0;
      await using broker = changedBroker(inner, {
        subscribe: (options) => {
          delayMs += 100;
          const ready = new Promise<void>((resolve) => {
            setTimeout(resolve, delayMs);
          });
          const subscription = inner.subscribe(options);
          return {
            ready,
            close: () => subscription.close(),
            [Symbol.asyncDispose]: () => subscription.close(),
            [Symbol.asyncIterator]: () => subscription[Symbol.asyncIterator](),
          };
        },
      });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      await bus.ready;
      expect(time.now).toBe(0);
      bus.on(Tick, () => undefined, { name: 'count' });
      bus.events(Tick).subscribe();
      bus.subject(Tock).subscribe();
      await bus.ready;
      expect(time.now).toBe(300);
    }),
  );

  it("rejects when topology cannot be made, which is reported, and is nobody's unhandled rejection", async () => {
    const error = new TopologyError('There is no such stream.');
    await using broker = withoutTopology(error);
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const errors: ReportedError[] = [];
    bus.errors.subscribe((reported) => errors.push(reported));
    const handler = bus.on(Tick, () => undefined, { name: 'count' });
    const ended: string[] = [];
    bus.events(Tock).subscribe({ complete: () => ended.push('events') });
    const { ready } = bus;
    await expect(ready).rejects.toBe(error);
    await settled();
    await settled();
    expect(errors).toStrictEqual([
      { kind: 'broker', error, handler: 'count' },
      { kind: 'broker', error },
    ]);
    expect(handler.closed).toBe(true);
    expect(ended).toStrictEqual(['events']);
    expect(await bus.drain()).toMatchObject({ completed: true });
  });

  it('need not be asked for: vitest would fail of an unhandled rejection', async () => {
    await using broker = withoutTopology(new TopologyError('There is no such stream.'));
    await using bus = createBrokeredBus(broker, { group: 'g' });
    bus.errors.subscribe();
    bus.on(Tick, () => undefined, { name: 'count' });
    await expect(bus.once(Tock)).rejects.toMatchObject({ code: 'CLOSED' });
    await settled();
  });
});

describe('a broker that goes and comes back', () => {
  it(
    'loses nothing of a bus: what was emitted meanwhile goes out, and what was at work comes again',
    virtualTest(async ({ time }) => {
      const server = new RestartableServer(asyncScheduler);
      await using broker = server.open();
      const states: string[] = [];
      await using bus = createBrokeredBus(broker, {
        group: 'g',
        probe: { brokerState: (name, state) => states.push(`${name} ${state}`) },
      });
      bus.errors.subscribe();
      const seen: number[] = [];
      bus.on(
        Tick,
        async ({ data }, { signal }) => {
          await new Promise((resolve) => {
            setTimeout(resolve, 20);
          });
          signal.throwIfAborted();
          seen.push(data);
        },
        { name: 'count', concurrency: 2 },
      );
      await bus.ready;
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      await time.advance(10);
      await server.stop();
      bus.emit(Tick, 4);
      await time.advance(500);
      expect(bus.stats()).toMatchObject({
        broker: { name: 'restartable', state: 'reconnecting' },
        outgoing: { waiting: 1 },
      });
      server.start();
      await time.advance(5_000);
      expect(new Set(seen)).toStrictEqual(new Set([1, 2, 3, 4]));
      expect(seen).toHaveLength(4);
      expect(bus.stats()).toMatchObject({ lost: 3, outgoing: { waiting: 0 }, broker: { state: 'connected' } });
      expect(await bus.deadLetters.list()).toStrictEqual([]);
      expect(states).toStrictEqual(['restartable connected', 'restartable reconnecting', 'restartable connected']);
    }),
  );
});

describe('stats', () => {
  it(
    'say what the bus and its broker have done and have to do',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker({ name: 'desk' });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const handler = bus.on(Tick, () => new Promise(() => {}), { name: 'count', concurrency: 2, capacity: 4 });
      await broker.publish({ id: 'm', topic: 'tick', body: new Uint8Array(), headers: {} });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      bus.emit(Tick, 4);
      expect(bus.stats()).toMatchObject({ emitted: 4, outgoing: { waiting: 1, capacity: 10_000, dropped: 0 } });
      await time.settle();
      expect(bus.stats()).toMatchObject({
        state: 'open',
        emitted: 4,
        invalid: 1,
        lost: 0,
        deadLetters: { received: 1, storing: 0 },
        handlers: [{ name: 'count', accepted: 4, running: 2, waiting: 2, concurrency: 2, capacity: 4 }],
        broker: { name: 'desk', state: 'connected', reconnects: 0, publishing: 0, inFlight: 4 },
        outgoing: { waiting: 0 },
      });
      handler.unsubscribe();
      await time.settle();
      // What a handler has counted stays, when it has gone.
      expect(bus.stats()).toMatchObject({ invalid: 1, handlers: [] });
      bus.close();
      expect(bus.stats().state).toBe('closed');
    }),
  );
});

describe('a probe', () => {
  it(
    'sees everything that happens, on both sides of the broker',
    virtualTest(async ({ time }) => {
      const seen: string[] = [];
      const probe: Probe = {
        publishing: ({ type }) => void seen.push(`publishing ${type}`),
        accepted: ({ handler }) => seen.push(`accepted by ${handler}`),
        started: ({ attempts }) => seen.push(`started ${attempts}`),
        retried: (_, { delayMs }) => seen.push(`retried after ${delayMs}`),
        settled: (_, { outcome }) => seen.push(`settled ${outcome}`),
        dropped: (_, reason) => seen.push(`dropped ${reason}`),
        drained: (handler, { completed }) => seen.push(`drained ${handler} ${completed}`),
        brokerState: (broker, state) => seen.push(`${broker} ${state}`),
        around: (_, call) => {
          seen.push('around');
          return call();
        },
      };
      const broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', probe });
      const handler = bus.on(
        Tick,
        () => {
          throw new Error('broken');
        },
        { name: 'count', retry: { maxAttempts: 2, delayMs: 5 }, redelivery: { maxDeliveries: 2, delayMs: 0 } },
      );
      await bus.publish(Tick, 1);
      await time.advance(100);
      const delivery = ['accepted by count', 'around', 'started 1', 'retried after 5', 'around', 'started 2'];
      expect(seen.toSorted()).toStrictEqual(
        [
          'memory connected',
          'publishing tick',
          ...delivery,
          'dropped handed-back',
          ...delivery,
          'settled dead',
        ].toSorted(),
      );
      await handler.drain();
      await broker.close();
      expect(seen.slice(-2)).toStrictEqual(['drained count true', 'memory closed']);
    }),
  );

  it(
    'that comes later sees what comes then, and one that has gone sees nothing',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      bus.on(Tick, () => undefined, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      const watching = bus.addProbe({ settled: ({ event }) => seen.push(`settled ${(event as EventMessage).id}`) });
      await bus.publish(Tick, 2, { id: 'b' });
      await time.settle();
      watching.unsubscribe();
      await bus.publish(Tick, 3);
      await time.settle();
      expect(seen).toStrictEqual(['settled b']);
    }),
  );

  it(
    'may add headers, which go over the wire, whichever way an event is sent',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      let count = 0;
      const probe: Probe = { publishing: () => ({ traceparent: `00-${++count}`, tenant: 'ü' }) };
      await using bus = createBrokeredBus(broker, { group: 'g', probe });
      const seen: unknown[] = [];
      bus.on(Tick, ({ headers }) => void seen.push(headers), { name: 'count' });
      await bus.publish(Tick, 1, { headers: { own: 'x', tenant: 'overwritten' } });
      bus.emit(Tick, 2);
      bus.ingest(Tick, 3);
      await bus.ingestAsync(Tick, 4);
      bus.subject(Tick).next(Tick.create(5));
      await time.settle();
      expect(seen).toHaveLength(5);
      expect(seen[0]).toStrictEqual({ own: 'x', tenant: 'ü', traceparent: '00-1' });
      expect(new Set(seen.map((headers) => (headers as { traceparent: string }).traceparent)).size).toBe(5);
    }),
  );

  it(
    'that throws harms no event',
    virtualTest(async ({ time }) => {
      const broken = (): never => {
        throw new Error('broken probe');
      };
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, {
        group: 'g',
        probe: { publishing: broken, brokerState: broken, settled: broken },
      });
      const errors: ReportedError[] = [];
      const seen: number[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(seen).toStrictEqual([1]);
      expect(errors.map(({ kind }) => kind)).toStrictEqual(['probe', 'probe']);
    }),
  );
});

describe('what follows from an event', () => {
  it(
    'says so across the broker: correlation, causation and trace',
    virtualTest(async ({ time }) => {
      const Second = defineEvent('second', payload<number>());
      const Third = defineEvent('third', payload<number>());
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      await using other = createBrokeredBus(broker, { group: 'h' });
      const seen: EventMessage[] = [];
      bus.on(Tick, ({ data }, { emit }) => void emit(Second, data, { id: 'b' }), { name: 'first' });
      other.on(Second, ({ data }, { publish }) => publish(Third, data, { id: 'c', headers: { own: 'x' } }), {
        name: 'second',
      });
      bus.on(Third, (event) => void seen.push(event), { name: 'third' });
      await bus.publish(Tick, 1, { id: 'a', headers: { traceparent: '00-1' } });
      await time.settle();
      expect(seen).toMatchObject([
        { id: 'c', source: 'h', headers: { correlationId: 'a', causationId: 'b', traceparent: '00-1', own: 'x' } },
      ]);
    }),
  );
});

describe('the sides of a bus', () => {
  it(
    'can be handed out one by one',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const emitter = bus.asEmitter();
      const view = bus.asReadonly();
      const seen: number[] = [];
      view.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
      expect(await emitter.publish(Tick, 1)).toMatchObject({ stage: 'confirmed' });
      emitter.emit(Tick, 2);
      emitter.ingest(Tick, 3);
      await time.settle();
      expect(seen).toStrictEqual([1, 2, 3]);
      expect(view.stats()).toMatchObject({ emitted: 3 });
      expect(Object.keys(emitter).toSorted()).toStrictEqual(['emit', 'ingest', 'ingestAsync', 'publish']);
      expect(Object.keys(view).toSorted()).toStrictEqual(['deadLetters', 'errors', 'events', 'on', 'once', 'stats']);
    }),
  );
});

describe('two buses of one process', () => {
  it('have nothing to do with each other but their broker', async () => {
    const store = memoryBrokerStore();
    await using broker = memoryBroker({ store });
    const one = createBrokeredBus(broker, { group: 'g' });
    await using two = createBrokeredBus(broker, { group: 'h' });
    const seen: number[] = [];
    two.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
    await one.publish(Tick, 1);
    one.close();
    await two.publish(Tick, 2);
    await settled();
    expect(seen).toStrictEqual([1, 2]);
  });
});
