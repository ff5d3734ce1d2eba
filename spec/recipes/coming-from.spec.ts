import 'reflect-metadata';
import { EventEmitter } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { CqrsModule, EventBus as NestEventBus, EventsHandler } from '@nestjs/cqrs';
import { Bus } from '@rxfx/bus';
import { createEventBus, createEventSubject, createProcessor, defineEvent, payload } from 'millrace';
import { virtualTest } from 'millrace/testing';
import PQueue from 'p-queue';
import { firstValueFrom, mergeMap, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

const Tick = defineEvent('tick', payload<number>());

const NEVER_SETTLED = new Promise<never>(() => undefined);

const fail = (): never => {
  throw new Error('no');
};

// What the README's table "Coming from" says of others, and of this library beside them.
describe('coming from', () => {
  it('EventEmitter: a listener that throws keeps the event from the next ones, and fails the sender', () => {
    const emitter = new EventEmitter();
    const theirs: number[] = [];
    emitter.on('tick', fail);
    emitter.on('tick', (data: number) => theirs.push(data));
    expect(() => emitter.emit('tick', 1)).toThrow('no');
    expect(theirs).toStrictEqual([]);

    const bus = createEventBus();
    const ours: number[] = [];
    bus.on(Tick, fail);
    bus.on(Tick, ({ data }) => void ours.push(data));
    bus.emit(Tick, 1);
    expect(ours).toStrictEqual([1]);
  });

  it('RxJS Subject: an event sent by a subscriber overtakes the one in progress', () => {
    const theirs = new Subject<number>();
    const order: number[] = [];
    theirs.subscribe((data) => data === 1 && theirs.next(2));
    theirs.subscribe((data) => order.push(data));
    theirs.next(1);
    expect(order).toStrictEqual([2, 1]);

    const ours = createEventSubject(Tick);
    const ordered: number[] = [];
    ours.on(({ data }) => void (data === 1 && ours.emit(2)));
    ours.on(({ data }) => void ordered.push(data));
    ours.emit(1);
    expect(ours).toBeInstanceOf(Subject);
    expect(ordered).toStrictEqual([1, 2]);
  });

  it(
    'a hand-written RxJS bus: one rejection ends the stream',
    virtualTest(async ({ time }) => {
      const handled: string[] = [];
      const handle = async (data: number, by: string) => {
        if (data === 1) fail();
        handled.push(`${by} ${data}`);
      };
      const theirs = new Subject<number>();
      theirs.pipe(mergeMap(async (data) => handle(data, 'theirs'))).subscribe({ error: () => undefined });
      const bus = createEventBus();
      bus.on(Tick, async ({ data }) => handle(data, 'ours'));
      for (const data of [1, 2]) {
        theirs.next(data);
        bus.emit(Tick, data);
        await time.settle();
      }
      expect(handled).toStrictEqual(['ours 2']);
    }),
  );

  it.each(['listen', 'listenQueueing', 'listenSwitching', 'listenBlocking', 'listenToggling'] as const)(
    '@rxfx/bus: a failure ends what is heard by %s',
    virtualTest(async ({ time }, listen) => {
      const theirs = new Bus<number>();
      const bus = createEventBus();
      const calls = { theirs: 0, ours: 0 };
      theirs[listen](
        () => true,
        async () => {
          calls.theirs++;
          fail();
        },
      );
      bus.on(Tick, async () => {
        calls.ours++;
        fail();
      });
      for (const data of [1, 2]) {
        theirs.trigger(data);
        bus.emit(Tick, data);
        await time.settle();
      }
      expect(calls).toStrictEqual({ theirs: 1, ours: 2 });
    }),
  );

  it(
    'p-queue: it takes whatever comes, and its time limit tells the job nothing',
    virtualTest(async () => {
      const theirs = new PQueue({ concurrency: 2 });
      for (let n = 0; n < 2_000; n++) void theirs.add(() => undefined);
      expect(theirs.size).toBe(1_998);
      const told: unknown[] = [];
      const job = theirs.add(
        ({ signal }) => {
          told.push(signal);
          return NEVER_SETTLED;
        },
        { timeout: 5 },
      );
      await expect(job).rejects.toThrow('timed out');
      expect(told).toStrictEqual([undefined]);

      let aborted = 0;
      const ours = createProcessor(
        (_: number, { signal }) => {
          signal.addEventListener('abort', () => aborted++);
          return NEVER_SETTLED;
        },
        { concurrency: 2, capacity: 8, timeoutMs: 5 },
      );
      const taken = Array.from({ length: 2_000 }, (_, n) => ours.trySend(n)).filter(Boolean);
      expect(taken).toHaveLength(10);
      expect(await ours.drain()).toMatchObject({ dead: 10 });
      expect(aborted).toBe(10);
    }),
  );

  it(
    'nestjs-cqrs: every event starts its handlers at once, and closing waits for none',
    virtualTest(async ({ time }) => {
      class Ticked {
        readonly type = 'tick';
      }
      class Application {
        readonly name = 'coming-from';
      }
      const running = { theirs: 0, ours: 0 };
      class Handler {
        async handle(): Promise<void> {
          running.theirs++;
          await firstValueFrom(timer(20));
          running.theirs--;
        }
      }
      EventsHandler(Ticked)(Handler);
      const app = await NestFactory.createApplicationContext(
        { module: Application, imports: [CqrsModule.forRoot()], providers: [Handler] },
        { logger: false },
      );
      await app.init();
      const theirs = app.get(NestEventBus);
      for (let n = 0; n < 5_000; n++) theirs.publish(new Ticked());
      expect(running.theirs).toBe(5_000);
      await app.close();
      expect(running.theirs).toBe(5_000);
      await time.advance(20);

      const bus = createEventBus();
      const handler = {
        async handle(): Promise<void> {
          running.ours++;
          await firstValueFrom(timer(1));
          running.ours--;
        },
      };
      bus.on(Tick, handler, { name: 'ticks', concurrency: 8 });
      for (let data = 0; data < 100; data++) bus.emit(Tick, data);
      expect(running.ours).toBe(8);
      expect(await bus.drain()).toMatchObject({ completed: true, handled: 100 });
      expect(running.ours).toBe(0);
    }),
  );
});
