import {
  createChannel,
  createEventBus,
  createProcessor,
  defineEvent,
  type EventBus,
  type EventMessage,
  type EventSubscription,
  type Handler,
  type HandlerPart,
  type Handling,
  HandlerTimeoutError,
  InvalidOptionError,
  type OnOptions,
  type Settlement,
} from 'millrace';
import { timeline, type Timeline, type TimelineOptions } from 'millrace/testing';
import * as fc from 'fast-check';
import { NEVER, type Observable, tap, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { OrderPlaced, Tick, Tock, UserRenamed, UserSignedUp } from '../support/events.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A bus in virtual time, and its picture. */
class Stage {
  readonly clock = new VirtualClock();
  readonly bus: EventBus = createEventBus({ scheduler: this.clock });
  readonly picture: Timeline;

  constructor(options: TimelineOptions = {}) {
    this.picture = timeline(this.bus, options);
  }

  at(ms: number, act: () => unknown): void {
    this.clock.schedule(() => void act(), ms);
  }

  /** Emits a Tick at each of these times, numbered from 0. */
  ticks(...times: readonly number[]): void {
    for (const [index, ms] of times.entries()) this.at(ms, () => this.bus.emit(Tick, index));
  }

  on(
    name: string,
    handler: Handler<EventMessage<'tick', number>>,
    options: OnOptions<EventMessage<'tick', number>> = {},
  ): EventSubscription {
    return this.bus.on(Tick, handler, { name, ...options });
  }

  /** A handler whose attempts end after these milliseconds, the last one for all further attempts; a negative one fails. */
  taking(...endsMs: readonly number[]): () => Observable<unknown> {
    let calls = 0;
    return () => {
      const endMs = endsMs[Math.min(calls++, endsMs.length - 1)]!;
      return timer(Math.abs(endMs), this.clock).pipe(
        tap(() => {
          if (endMs < 0) throw new Error('as planned');
        }),
      );
    };
  }

  async drawnAfter(ms: number): Promise<string> {
    await this.clock.advance(ms);
    return String(this.picture);
  }
}

function failing(): never {
  throw new Error('as planned');
}

describe('the timeline of a bus', () => {
  it('draws events as marbles, and how long handlers take', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(3));
    stage.ticks(0, 5, 15);
    stage.at(20, () => stage.bus.close());
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0    5    10   15   20
      tick  a----b---------c----|
      mail  a~~| b~~|      c~~|"
    `);
  });

  it('draws what its documentation shows', async () => {
    const stage = new Stage();
    const attempt = stage.taking(-5, 3);
    stage.bus.on(OrderPlaced, attempt, { name: 'mail', retry: { maxAttempts: 2, delayMs: 10 } });
    for (const ms of [0, 2]) stage.at(ms, () => stage.bus.emit(OrderPlaced, { id: `at ${ms}`, total: 7 }));
    expect(await stage.drawnAfter(20)).toMatchInlineSnapshot(`
      "ms            0    5    10   15   20
      order.placed  a-b------------------
      mail          a~~~~x---------2~~|
                      b...............1~~>"
    `);
  });

  it('draws a retry, and then the success', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(-2, 7), { retry: { maxAttempts: 3, delayMs: 3 } });
    stage.ticks(0);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0    5    10
      tick  a------------
      mail  a~x--2~~~~~~|"
    `);
  });

  it('draws the way into the dead letters: failures in small letters, the last one in a capital', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(-2), { retry: { maxAttempts: 3, delayMs: 3, multiplier: 2 } });
    stage.on('strict', stage.taking(-2), { retry: { maxAttempts: 3, retryIf: () => false } });
    stage.ticks(0);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms      0    5    10   15
      tick    a---------------
      mail    a~x--2~x-----3~X
      strict  a~X"
    `);
  });

  it('draws attempts that are out of time', async () => {
    const stage = new Stage();
    stage.on('slow', () => NEVER, { timeoutMs: 4, retry: { maxAttempts: 2, delayMs: 6 } });
    stage.ticks(0);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0    5    10
      tick  a--------------
      slow  a~~~t-----2~~~T"
    `);
  });

  it('gives events that overlap rows of their own, and uses each row again', async () => {
    const stage = new Stage();
    stage.on('resize', stage.taking(9, 3, 8, 2), { concurrency: 3 });
    stage.ticks(0, 2, 4, 7);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms      0    5    10
      tick    a-b-c--d-----
      resize  a~~~~~~~~|
                b~~| d~|
                  c~~~~~~~|"
    `);
  });

  it('draws how events wait for their turn', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(4));
    stage.ticks(0, 1, 2);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0    5    10
      tick  abc----------
      mail  a~~~|
             b..1~~~|
              c.....1~~~|"
    `);
  });

  it('draws lanes by key: only the same key waits, and a retry holds its lane', async () => {
    const stage = new Stage();
    stage.on('by-parity', stage.taking(-1, 4), {
      concurrency: 2,
      key: ({ data }) => data % 2,
      retry: { maxAttempts: 2, delayMs: 5 },
    });
    stage.ticks(0, 2, 4);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms         0    5    10
      tick       a-b-c----------
      by-parity  ax----2~~~|
                   b~~~|
                     c.....1~~~|"
    `);
  });

  it('draws what policies drop, and what finds no room', async () => {
    const stage = new Stage();
    stage.on('oldest', stage.taking(12), { capacity: 1, overflow: 'drop-oldest' });
    stage.on('newest', stage.taking(12), { capacity: 1, overflow: 'drop-newest' });
    stage.on('suspend', stage.taking(12), { capacity: 1 });
    stage.ticks(0, 3, 6);
    expect(await stage.drawnAfter(40)).toMatchInlineSnapshot(`
      "ms       0    5    10   15   20
      tick     a--b--c------------------
      oldest   a~~~~~~~~~~~|
                  b..!
                     c.....1~~~~~~~~~~~|
      newest   a~~~~~~~~~~~|
                  b........1~~~~~~~~~~~|
                     (c!)
      suspend  a~~~~~~~~~~~|
                  b........1~~~~~~~~~~~|
                     (cD)"
    `);
  });

  it('draws what switch supersedes, and what exhaust finds busy', async () => {
    const stage = new Stage();
    stage.on('search', stage.taking(5), { strategy: 'switch' });
    stage.on('submit', stage.taking(5), { strategy: 'exhaust' });
    stage.ticks(0, 2, 4);
    expect(await stage.drawnAfter(40)).toMatchInlineSnapshot(`
      "ms      0    5
      tick    a-b-c-----
      search  a~! c~~~~|
                b~!
      submit  a~~~~|
                (b!)
                  (c!)"
    `);
  });

  it('draws a redrive as a letter in the row of the handler only', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(-2, 3));
    stage.ticks(0);
    stage.at(8, () => stage.bus.deadLetters.redrive());
    await stage.clock.advance(8);
    expect(await stage.drawnAfter(22)).toMatchInlineSnapshot(`
      "ms    0    5    10
      tick  a-----------
      mail  a~X     a~~|"
    `);
  });

  it('draws a drain that reaches its deadline: what is pending is a dead letter', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(6));
    stage.ticks(0, 1);
    stage.at(3, () => stage.bus.drain({ deadlineMs: 5 }));
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0    5
      tick  ab------|
      mail  a~~~~~|
             b....1~D"
    `);
  });

  it('draws batches as events that start and end together', async () => {
    const stage = new Stage();
    stage.bus.on(Tick, stage.taking(-3, 3), {
      name: 'store',
      batch: { maxSize: 3, maxWaitMs: 5 },
      retry: { maxAttempts: 2, delayMs: 4 },
    });
    stage.ticks(0, 2, 4);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms     0    5    10
      tick   a-b-c----------
      store  a...1~~x---2~~|
               b.1~~x---2~~|
                 c~~x---2~~|"
    `);
  });

  it('draws two handlers of one event, and those of patterns', async () => {
    const stage = new Stage({ legend: true });
    const { bus, clock } = stage;
    bus.on(UserSignedUp, () => timer(4, clock), { name: 'welcome-mail' });
    bus.on(UserSignedUp, () => {}, { name: 'count' });
    bus.on('user.*', () => timer(2, clock), { name: 'audit' });
    stage.at(0, () => bus.emit(UserSignedUp, { userId: 'u1' }));
    stage.at(6, () => bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' }));
    stage.at(12, () => bus.emit(UserSignedUp, { userId: 'u2' }));
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms              0    5    10   15
      user.signed_up  a-----------c----
      user.renamed    ------b----------
      welcome-mail    a~~~|       c~~~|
      count           a           c
      audit           a~|   b~|   c~|

      a = { userId: 'u1' }
      b = { userId: 'u1', name: 'Ada' }
      c = { userId: 'u2' }"
    `);
  });

  it('says so where nothing happened', async () => {
    const stage = new Stage({ legend: true });
    stage.on('mail', failing);
    expect(await stage.drawnAfter(100)).toBe('(nothing happened)');
  });

  it('leaves long quiet stretches out, in all rows at once', async () => {
    const stage = new Stage();
    stage.on('mail', failing, { retry: { maxAttempts: 3, delayMs: 100_000, maxDelayMs: 100_000 } });
    stage.on('log', stage.taking(250));
    stage.ticks(50);
    expect(await stage.drawnAfter(300_000)).toMatchInlineSnapshot(`
      "ms    0       50           300         100050         200050
      tick  - 48ms -a---- 244ms --- 99747ms ------ 99994ms -----
      mail          (ax)- 244ms --- 99747ms -(2x)- 99994ms -(3X)
      log           a~~~~ 244ms ~|"
    `);
  });

  it('lets all rows grow where the marks of a moment have no room, and tells the times', async () => {
    const stage = new Stage();
    stage.on('mail', failing, { retry: { maxAttempts: 3, delayMs: 1 } });
    stage.on('log', stage.taking(2));
    stage.ticks(0, 7);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0   1   3 5     8   10
      tick  a-----------b-----------
      mail  (ax)(2x)(3X)(bx)(2x)(3X)
      log   a~~~~|      b~~~~|"
    `);
  });

  it('draws what happens in one moment in its order, and names events in theirs', async () => {
    const stage = new Stage();
    const { bus } = stage;
    bus.on(Tick, ({ data }, { emit }) => void emit(Tock, data), { name: 'echo' });
    bus.on(Tock, failing, { name: 'mail', retry: { maxAttempts: 2, delayMs: 0 } });
    stage.ticks(0, 0);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms    0
      tick  (ac)--
      tock  (bd)--
      echo  a
            c
      mail  (bx2X)
            (dx2X)"
    `);
  });

  it('draws what has not ended until now', async () => {
    const stage = new Stage();
    stage.on('hanging', () => NEVER);
    stage.on('mail', failing, { retry: { maxAttempts: 2, delayMs: 60_000 } });
    stage.ticks(0, 2);
    expect(await stage.drawnAfter(2)).toMatchInlineSnapshot(`
      "ms       0
      tick     a-b-
      hanging  a~~~>
                 b.>
      mail     (ax)>
                 b.>"
    `);
    expect(await stage.drawnAfter(10)).toMatchInlineSnapshot(`
      "ms       0    5    10
      tick     a-b----------
      hanging  a~~~~~~~~~~~~>
                 b..........>
      mail     (ax)--------->
                 b..........>"
    `);
  });

  it('draws raw data that is refused, and its way back', async () => {
    const stage = new Stage({ legend: true });
    const { bus } = stage;
    const Priced = defineEvent('priced', z.number());
    bus.on(Priced, stage.taking(2), { name: 'mail' });
    stage.at(3, () => bus.ingest(Priced, 'free'));
    stage.at(9, () => bus.ingest(Priced, 7));
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms      0    5    10
      priced  ---(aD)--b--
      mail             b~|

      a = 'free'
      b = 7"
    `);
  });

  it('draws a column for more than a millisecond', async () => {
    const stage = new Stage({ msPerColumn: 100 });
    stage.on('mail', stage.taking(-220, 950), { retry: { maxAttempts: 2, delayMs: 400 } });
    stage.ticks(0, 1_200);
    expect(await stage.drawnAfter(5_000)).toMatchInlineSnapshot(`
      "ms    0    500  1000 1500 2000 2500
      tick  a-----------b-------------
      mail  a~x---2~~~~~~~~|
                        b..1~~~~~~~~~|"
    `);
  });

  it('begins where it begins to watch, also in the middle of things', async () => {
    const clock = new VirtualClock();
    const bus = createEventBus({ scheduler: clock, probe: {} });
    bus.on(Tick, () => timer(6, clock), { name: 'mail' });
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    await clock.advance(4);
    const picture = timeline(bus);
    await clock.advance(20);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms    0    5
      mail    a
              b~~~~~|"
    `);
  });

  it('stays as it is when it is closed', async () => {
    const stage = new Stage();
    stage.on('mail', stage.taking(4));
    stage.ticks(0, 8);
    const before = await stage.drawnAfter(2);
    stage.picture.close();
    expect(await stage.drawnAfter(30)).toBe(before);
    stage.picture[Symbol.dispose]();
    expect(String(stage.picture)).toBe(before);
  });

  it('ends where it is closed, and leaves the bus', async () => {
    const stage = new Stage();
    stage.on('hanging', () => NEVER);
    stage.ticks(0);
    await stage.clock.advance(6);
    stage.picture.close();
    const publishing = vi.spyOn(stage.picture.probe, 'publishing');
    stage.bus.emit(Tick, 1);
    expect(await stage.drawnAfter(30)).toMatchInlineSnapshot(`
      "ms       0    5
      tick     a------
      hanging  a~~~~~~>"
    `);
    expect(publishing).not.toHaveBeenCalled();
  });

  it('draws an event and the end of the bus in one moment', () => {
    const stage = new Stage();
    stage.bus.emit(Tick, 1);
    stage.bus.close();
    expect(String(stage.picture)).toMatchInlineSnapshot(`
      "ms    0
      tick  (a|)"
    `);
  });

  it('tells only as many times as there is room for', async () => {
    const stage = new Stage();
    stage.ticks(10_000, 10_001, 10_001, 10_002, 10_019);
    expect(await stage.drawnAfter(20_000)).toMatchInlineSnapshot(`
      "ms    0         10000   10005     10015
      tick  - 9998ms -a(bc)d----------------e"
    `);
  });

  it('knows a message again to which another probe has added headers', async () => {
    const clock = new VirtualClock();
    const bus = createEventBus({ scheduler: clock });
    const picture = timeline(bus);
    bus.addProbe({ publishing: () => ({ traceparent: '00' }) });
    bus.on(Tick, () => timer(2, clock), { name: 'mail' });
    bus.emit(Tick, 1);
    bus.emit(Tick, 1);
    await clock.advance(10);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms    0
      tick  (ab)-
      mail  a~|
            b.1~|"
    `);
  });

  it('names the 25th event aa', async () => {
    const stage = new Stage();
    stage.on('count', () => {});
    stage.on('mail', failing);
    stage.ticks(...Array.from({ length: 26 }, (_, index) => index * 4));
    expect(await stage.drawnAfter(200)).toMatchInlineSnapshot(`
      "ms     0    5    10   15   20   25   30   35   40   45   50   55   60   65   70   75   80   85   90   95   100
      tick   a---b---c---d---e---f---g---h---i---j---k---l---m---n---o---p---q---r---s---u---v---w---y---z---aa--ab----
      count  a   b   c   d   e   f   g   h   i   j   k   l   m   n   o   p   q   r   s   u   v   w   y   z   aa  ab
      mail   (aX)(bX)(cX)(dX)(eX)(fX)(gX)(hX)(iX)(jX)(kX)(lX)(mX)(nX)(oX)(pX)(qX)(rX)(sX)(uX)(vX)(wX)(yX)(zX)(aa X)
                                                                                                                 (ab X)"
    `);
  });

  it('watches a bus that knows its events', () => {
    const bus = createEventBus({ events: [Tick, OrderPlaced] });
    using picture = timeline(bus);
    bus.emit(Tick, 1);
    expect(String(picture)).toMatch(/^tick {2}-*a/mu);
  });
});

describe('the timeline without a bus', () => {
  it('draws the items of a processor', async () => {
    const clock = new VirtualClock();
    const picture = timeline({ scheduler: clock, legend: true });
    const processor = createProcessor<string>(() => timer(4, clock), {
      name: 'resize',
      scheduler: clock,
      probe: picture.probe,
    });
    for (const path of ['a.png', 'b.png', 'a.png']) processor.trySend(path);
    await clock.advance(30);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms      0    5    10
      resize  a~~~|
              b...1~~~|
              c.......1~~~|

      a = 'a.png'
      b = 'b.png'
      c = 'a.png'"
    `);
  });

  it('stays as it is when it is closed', () => {
    const clock = new VirtualClock();
    const picture = timeline({ scheduler: clock });
    picture.close();
    createProcessor<string>(() => {}, { scheduler: clock, probe: picture.probe }).trySend('a.png');
    expect(String(picture)).toBe('(nothing happened)');
  });

  it('draws the workers of a channel', async () => {
    const clock = new VirtualClock();
    const picture = timeline({ scheduler: clock });
    const channel = createChannel<{ id: number }>({ capacity: 4, scheduler: clock, probe: picture.probe });
    channel.process(() => timer(4, clock), { name: 'left' });
    channel.process(() => timer(3, clock), { name: 'right' });
    for (let id = 0; id < 4; id++) channel.trySend({ id });
    await clock.advance(30);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms     0    5
      left   a~~~|
                 d~~~|
      right  b~~|
                c~~|"
    `);
  });
});

describe('the legend of a timeline', () => {
  it.each([
    [{ userId: 'u1' }, "{ userId: 'u1' }"],
    [{ id: '0191b2c8-7c1e-7f43-a1a0-1f2e3d4c5b6a', at: new Date(0) }, "{ id: '<uuid>', at: <time> }"],
    ['two\nlines\u2028three', String.raw`'two\nlines\u2028three'`],
    ['a long text '.repeat(20), `'${'a long text '.repeat(20).slice(0, 58)}…`],
    [undefined, 'undefined'],
  ])('shows data shortly, and the same from run to run: %j', (data, shown) => {
    const picture = timeline({ scheduler: new VirtualClock(), legend: true });
    picture.probe.accepted?.({ handler: 'mail', part: partOf('mail'), event: data, attempts: 0 });
    expect(String(picture).split('\n').at(-1)).toBe(`a = ${shown}`);
  });
});

/** A handler, as probes are shown it. */
function partOf(name: string): HandlerPart {
  return { kind: 'handler', name, listensTo: () => [], stats: () => createProcessor(() => undefined).stats() };
}

/** A call of a probe, or `wait` and for how many milliseconds. */
type Call = readonly [name: string, ...details: unknown[]];

describe('any timeline', () => {
  const handlings: readonly Handling[] = Array.from({ length: 5 }, (_, index) => ({
    handler: `handler ${index % 2}`,
    part: partOf(`handler ${index % 2}`),
    event: index === 4 ? 'an item' : Tick.create(index),
    attempts: index,
  }));
  const settlement = fc.record<Settlement>({
    outcome: fc.constantFrom('handled', 'dead', 'dropped', 'rejected'),
    attempts: fc.nat(12),
    reason: fc.constantFrom('exhausted', 'rejected', 'timeout', 'abandoned', 'overflow', 'invalid-key', 'superseded'),
    error: fc.constantFrom(undefined, new Error('no'), new HandlerTimeoutError('mail', 5)),
  });
  const handling = fc.constantFrom(...handlings);
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.tuple(fc.constant('publishing' as const), fc.constantFrom(...handlings.slice(0, 4).map(({ event }) => event))),
    fc.tuple(fc.constantFrom('accepted' as const, 'started' as const), handling),
    fc.tuple(fc.constant('retried' as const), handling, fc.record({ error: settlement, delayMs: fc.nat() })),
    fc.tuple(fc.constant('settled' as const), handling, settlement),
    fc.tuple(fc.constant('dropped' as const), handling, fc.constant('busy')),
    fc.tuple(fc.constant('wait' as const), fc.oneof(fc.nat(6), fc.nat(200), fc.constantFrom(0.3, -5, NaN, Infinity))),
  );
  const calls = fc.array(call, { maxLength: 60 });
  const msPerColumn = fc.constantFrom(1, 7, 0.1, 1_000);

  /** @returns the picture after each call */
  function play(all: readonly Call[], options: TimelineOptions): readonly string[] {
    let nowMs = 1_000;
    const scheduler = { now: () => nowMs, schedule: () => expect.unreachable() };
    const picture = timeline({ ...options, scheduler });
    const probe = picture.probe as Record<string, (...details: unknown[]) => unknown>;
    return all.map(([name, ...details]) => {
      if (name === 'wait') nowMs += details[0] as number;
      else expect(probe[name]!(...details)).toBeUndefined();
      return String(picture);
    });
  }

  it('draws the same things in the same way', () => {
    fc.assert(
      fc.property(calls, msPerColumn, (all, ms) => {
        expect(play(all, { msPerColumn: ms, legend: true })).toStrictEqual(
          play(all, { msPerColumn: ms, legend: true }),
        );
      }),
    );
  });

  it('has rows that end together, and times that go forward', () => {
    fc.assert(
      fc.property(calls, msPerColumn, (all, ms) => {
        for (const picture of play(all, { msPerColumn: ms })) {
          const [scale = '', ...rows] = picture.split('\n');
          const types = rows.filter((row) => row.startsWith('tick'));
          const width = Math.max(0, ...types.map((row) => row.length));
          const pending = rows.filter((row) => row.endsWith('>'));
          expect(new Set(pending.map((row) => row.length)).size).toBeLessThan(2);
          for (const row of rows) {
            expect(row).toBe(row.trimEnd());
            if (types.length > 0) expect(row.length - (row.endsWith('>') ? 1 : 0)).toBeLessThanOrEqual(width);
          }
          const times = scale.split(/\s+/u).slice(1).map(Number);
          expect(times).toStrictEqual([...new Set(times)].toSorted((one, other) => one - other));
        }
      }),
    );
  });

  it('has rows of events that RxJS reads as marbles, with the very times', () => {
    const gapsMs = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 25, max: 5_000 })), {
      minLength: 1,
      maxLength: 24,
    });
    fc.assert(
      fc.property(gapsMs, (gaps) => {
        let nowMs = 0;
        const picture = timeline({ scheduler: { now: () => nowMs, schedule: () => expect.unreachable() } });
        const published = gaps.map((gapMs, index) => {
          nowMs += gapMs;
          picture.probe.publishing?.(Tick.create(index), partOf('bus'));
          return nowMs;
        });
        const [, row = ''] = String(picture).split('\n');
        const marbles = new TestScheduler(expect.unreachable).run(() =>
          TestScheduler.parseMarbles(row.slice('tick  '.length), undefined, undefined, false, true),
        );
        expect(marbles.map(({ frame }) => frame)).toStrictEqual(published);
      }),
    );
  });
});

describe('timeline', () => {
  it.each([
    [
      { legnd: true },
      "Expected a bus, or options of timeline ('scheduler', 'msPerColumn', 'legend'), got an object with 'legnd'.",
    ],
    [
      createEventBus().asEmitter(),
      "Expected a bus, or options of timeline ('scheduler', 'msPerColumn', 'legend'), got an object with 'emit'.",
    ],
    [7, 'Expected the options of timeline to be an object of options, got 7.'],
    [null, 'Expected the options of timeline to be an object of options, got null.'],
    [{ msPerColumn: 0 }, 'Expected msPerColumn to be a finite number > 0, got 0.'],
    [{ msPerColumn: NaN }, 'Expected msPerColumn to be a finite number > 0, got NaN.'],
    [{ scheduler: Date.now }, 'Expected scheduler to be an RxJS scheduler, got a function.'],
    [{ legend: 'yes' }, "Expected legend to be true or false, got 'yes'."],
  ])('refuses %j', (options, message) => {
    const refused = (): unknown => timeline(options as unknown as TimelineOptions);
    expect(refused).toThrow(new InvalidOptionError(message));
    expect(() => timeline(createEventBus(), options as unknown as TimelineOptions)).toThrow(InvalidOptionError);
  });
});
