import * as fc from 'fast-check';
import {
  createEventBus,
  type EventBus,
  type EventMessage,
  type Handling,
  InvalidOptionError,
  type Probe,
  type ReportedError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Tick } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A probe that writes down what it is told: `'a: accepted 1'`. */
function diary(name = 'a'): { readonly probe: Probe; readonly lines: string[] } {
  const lines: string[] = [];
  const dataOf = ({ event }: Handling): string => String([event].flat().map((each) => (each as EventMessage).data));
  const probe: Probe = {
    publishing: ({ data }) => void lines.push(`${name}: publishing ${String(data)}`),
    accepted: (handling) => lines.push(`${name}: accepted ${dataOf(handling)}`),
    started: (handling) => lines.push(`${name}: started ${dataOf(handling)}, attempt ${handling.attempts}`),
    retried: (handling) => lines.push(`${name}: retried ${dataOf(handling)}`),
    settled: (handling, { outcome, attempts }) =>
      lines.push(`${name}: settled ${dataOf(handling)} ${outcome} after ${attempts}`),
    dropped: (handling, reason) => lines.push(`${name}: dropped ${dataOf(handling)} ${reason}`),
    drained: (handler) => lines.push(`${name}: drained ${handler}`),
  };
  return { probe, lines };
}

describe('a probe that is added to a bus', () => {
  it('is told of handlers that were registered before, and of those to come', () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 1);
    bus.addProbe(probe);
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 2);
    expect(lines).toStrictEqual([
      'a: publishing 2',
      'a: accepted 2',
      'a: started 2, attempt 1',
      'a: settled 2 handled after 1',
      'a: accepted 2',
      'a: started 2, attempt 1',
      'a: settled 2 handled after 1',
    ]);
  });

  it('is told all also after one that minds only what goes wrong', () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.addProbe({ refused: () => {} });
    bus.emit(Tick, 1);
    const watching = bus.addProbe(probe);
    bus.emit(Tick, 2);
    watching.unsubscribe();
    bus.emit(Tick, 3);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toBe('a: settled 2 handled after 1');
    expect(bus.stats()).toMatchObject({ handlers: [{ accepted: 3, handled: 3 }] });
  });

  it('is told nothing more once it is unsubscribed, and all goes on', async () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    const seen: number[] = [];
    const subscription = bus.on(Tick, ({ data }) => void seen.push(data));
    const watching = bus.addProbe(probe);
    bus.emit(Tick, 1);
    watching.unsubscribe();
    const told = [...lines];
    bus.emit(Tick, 2);
    bus.emit(Tick, 3);
    expect(await bus.publish(Tick, 4)).toMatchObject({ ok: true });
    expect(lines).toStrictEqual(told);
    expect(seen).toStrictEqual([1, 2, 3, 4]);
    expect(subscription.stats()).toMatchObject({ accepted: 4, handled: 4, pending: 0 });
  });

  it('leaves no trace once it is unsubscribed: handlers are called the short way again', async () => {
    const stackOf = async (wasWatched: boolean): Promise<readonly (string | undefined)[]> => {
      const stacks: string[] = [];
      const bus = createEventBus();
      bus.on(Tick, () => void stacks.push(new Error('here').stack ?? ''), { concurrency: 2 });
      if (wasWatched) bus.addProbe({}).unsubscribe();
      for (const data of [1, 2]) bus.emit(Tick, data);
      await bus.publish(Tick, 3);
      return stacks.slice(1).flatMap((stack) => stack.match(/[A-Z]\w+\.\w+(?= \()/g) ?? []);
    };
    const stack = await stackOf(true);
    expect(stack).toStrictEqual(await stackOf(false));
    expect(stack).toContain('DirectCall.offer');
  });

  it(
    'is told of the starts and ends of events that were waiting, which it did not see accepted',
    virtualTest(async ({ time }) => {
      const { probe, lines } = diary();
      const bus = createEventBus();
      const held = new HeldHandler<EventMessage>();
      bus.on(Tick, held, { key: ({ data }) => data % 2, concurrency: 1 });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      bus.addProbe(probe);
      held.call(0).succeed();
      await time.settle();
      held.call(1).fail(new Error('broken'));
      await time.settle();
      held.call(2).succeed();
      await time.settle();
      expect(lines).toStrictEqual([
        'a: settled 1 handled after 1',
        'a: started 2, attempt 1',
        'a: settled 2 dead after 1',
        'a: started 3, attempt 1',
        'a: settled 3 handled after 1',
      ]);
    }),
  );

  it(
    'is told of the end of the very call that adds it, be it plain, a promise or an error',
    virtualTest(async ({ time }) => {
      const { probe, lines } = diary();
      const ends = [(): unknown => 'done', (): unknown => Promise.resolve(), (): never => fail()];
      for (const end of ends) {
        const bus = createEventBus();
        bus.on(Tick, () => {
          bus.addProbe(probe);
          return end();
        });
        bus.emit(Tick, ends.indexOf(end));
        await time.settle();
      }
      expect(lines).toStrictEqual([
        'a: settled 0 handled after 1',
        'a: settled 1 handled after 1',
        'a: settled 2 dead after 1',
      ]);
    }),
  );

  it(
    'is told of further attempts of what has failed before, and of what is dropped',
    virtualTest(async ({ time }) => {
      const { probe, lines } = diary();
      const bus = createEventBus();
      bus.on(Tick, () => fail(), { retry: { maxAttempts: 2, delayMs: 10 }, concurrency: 2 });
      bus.on(Tick, () => NEVER, { capacity: 1, overflow: 'drop-oldest' });
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      bus.addProbe(probe);
      bus.emit(Tick, 3);
      await time.advance(10);
      expect(lines).toStrictEqual([
        'a: publishing 3',
        'a: accepted 3',
        'a: started 3, attempt 1',
        'a: retried 3',
        'a: accepted 3',
        'a: dropped 2 drop-oldest',
        'a: started 1, attempt 2',
        'a: settled 1 dead after 2',
        'a: started 2, attempt 2',
        'a: settled 2 dead after 2',
        'a: started 3, attempt 2',
        'a: settled 3 dead after 2',
      ]);
    }),
  );

  it('is told of each event of a batch that was waiting', async () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.on(Tick, () => undefined, { batch: { maxSize: 2, maxWaitMs: Infinity } });
    bus.emit(Tick, 1);
    bus.addProbe(probe);
    bus.emit(Tick, 2);
    expect(lines).toStrictEqual([
      'a: publishing 2',
      'a: accepted 2',
      'a: started 1, attempt 1',
      'a: started 2, attempt 1',
      'a: settled 1 handled after 1',
      'a: settled 2 handled after 1',
    ]);
    await bus.drain();
  });

  it('is told of drains, and of what a close abandons', async () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    const draining = bus.on(Tick, () => undefined, { name: 'done' });
    bus.on(Tick, () => NEVER, { name: 'hangs' });
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    bus.addProbe(probe);
    await draining.drain();
    bus.close();
    expect(lines).toStrictEqual(['a: drained done', 'a: settled 1 dead after 1', 'a: settled 2 dead after 0']);
  });

  it('may add headers, and runs handlers inside its around', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    let context = 'outside';
    bus.on(Tick, ({ headers }) => void seen.push([headers, context]));
    const watching = bus.addProbe({
      publishing: () => ({ tenant: 'acme' }),
      around: (_, call) => {
        context = 'inside';
        const result = call();
        context = 'outside';
        return result;
      },
    });
    bus.emit(Tick, 1);
    watching.unsubscribe();
    bus.emit(Tick, 2);
    expect(seen).toStrictEqual([
      [{ tenant: 'acme' }, 'inside'],
      [{}, 'outside'],
    ]);
  });

  it('harms nothing when it throws, and is reported', () => {
    const bus = createEventBus();
    const errors: ReportedError[] = [];
    bus.errors.subscribe((error) => errors.push(error));
    const seen: number[] = [];
    bus.on(Tick, ({ data }) => void seen.push(data));
    bus.addProbe({ accepted: () => fail() });
    bus.emit(Tick, 1);
    expect(seen).toStrictEqual([1]);
    expect(errors).toMatchObject([{ kind: 'probe' }]);
  });

  it.each([undefined, null, 5, 'probe', () => undefined])('must be an object, unlike %s', (wrong) => {
    const bus = createEventBus();
    expect(() => bus.addProbe(wrong as unknown as Probe)).toThrow(InvalidOptionError);
    expect(() => bus.addProbe(wrong as unknown as Probe)).toThrow(/^Expected a probe to be an object of callbacks/);
  });

  it('is no part of the views of a bus', () => {
    const bus = createEventBus();
    expect(bus.asReadonly()).not.toHaveProperty('addProbe');
    expect(bus.asEmitter()).not.toHaveProperty('addProbe');
  });
});

describe('several probes of a bus', () => {
  it('are told in the order in which they came, the one of the options first', () => {
    const lines: string[] = [];
    const named = (name: string): Probe => ({ started: () => lines.push(name), settled: () => lines.push(`${name}!`) });
    const bus = createEventBus({ probe: named('a') });
    bus.on(Tick, () => undefined);
    const second = bus.addProbe(named('b'));
    bus.addProbe(named('c'));
    bus.emit(Tick, 1);
    second.unsubscribe();
    bus.emit(Tick, 2);
    expect(lines.join(' ')).toBe('a b c a! b! c! a c a! c!');
  });

  it('add headers one after the other, each seeing those before it', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Tick, ({ headers, id }) => void seen.push(id, headers));
    bus.addProbe({ publishing: () => ({ a: '1', b: '1' }) });
    bus.addProbe({ publishing: () => undefined });
    bus.addProbe({ publishing: ({ headers: { a, x }, id }) => ({ b: `2 after ${a} of ${x} in ${id}` }) });
    bus.emit(Tick, 1, { id: 'm1', headers: { x: 'y' } });
    expect(seen).toStrictEqual(['m1', { x: 'y', a: '1', b: '2 after 1 of y in m1' }]);
  });

  it('leave a message as it is to which none adds a header', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    bus.addProbe({ publishing: () => undefined });
    bus.addProbe({});
    const message = Tick.create(1);
    bus.subject(Tick).next(message);
    expect(seen[0]).toBe(message);
  });

  it('nest their arounds, the first one outermost, and each calls the handler once', async () => {
    const lines: string[] = [];
    const named = (name: string): Probe => ({
      around: (_, call) => {
        lines.push(`<${name}`);
        call();
        const result = call();
        lines.push(`${name}>`);
        return result;
      },
    });
    const bus = createEventBus();
    bus.on(Tick, () => void lines.push('handler'));
    bus.addProbe(named('a'));
    bus.addProbe({});
    bus.addProbe(named('b'));
    expect(await bus.publish(Tick, 1)).toMatchObject({ ok: true });
    expect(lines.join(' ')).toBe('<a <b handler b> a>');
  });

  it('do not keep each other from being told', () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.errors.subscribe();
    bus.on(Tick, () => undefined);
    bus.addProbe({ started: () => fail(), settled: () => fail() });
    bus.addProbe(probe);
    bus.emit(Tick, 1);
    expect(lines).toContain('a: settled 1 handled after 1');
  });

  it('may remove one another while they are told: nothing is told to one that has gone', () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.addProbe({ started: () => second.unsubscribe() });
    const second = bus.addProbe(probe);
    bus.emit(Tick, 1);
    expect(lines).toStrictEqual(['a: publishing 1', 'a: accepted 1']);
  });

  it('may be the same one twice, which is removed one by one', () => {
    const { probe, lines } = diary();
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    const first = bus.addProbe(probe);
    bus.addProbe(probe);
    bus.emit(Tick, 1);
    first.unsubscribe();
    first.unsubscribe();
    bus.emit(Tick, 2);
    expect(lines.filter((line) => line.includes('publishing'))).toStrictEqual([
      'a: publishing 1',
      'a: publishing 1',
      'a: publishing 2',
    ]);
  });

  it('do without the last one, when it removes itself at a start', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    const subscription = bus.on(Tick, ({ data }) => void seen.push(data));
    const watching = bus.addProbe({ started: () => watching.unsubscribe() });
    bus.emit(Tick, 1);
    bus.emit(Tick, 2);
    expect(seen).toStrictEqual([1, 2]);
    expect(subscription.stats()).toMatchObject({ handled: 2, pending: 0 });
  });
});

const plans = fc.record({
  options: fc.record({
    concurrency: fc.integer({ min: 1, max: 3 }),
    capacity: fc.nat(3),
    overflow: fc.constantFrom('suspend', 'drop-oldest', 'drop-newest'),
    strategy: fc.constantFrom('queue', 'queue', 'queue', 'switch', 'exhaust'),
    isKeyed: fc.boolean(),
    isTimed: fc.boolean(),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
  }),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom('emit', 'emit', 'emit', 'publish', 'succeed', 'succeed', 'fail', 'wait', 'watch', 'leave'),
      at: fc.nat(9),
    }),
    { minLength: 10, maxLength: 60 },
  ),
});

describe('whenever a probe comes and goes', { timeout: 60_000 }, () => {
  it('it is told of each acceptance and of each end in between, once, and everything ends as it would without', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ options, steps }) => {
        expect(await run(options, steps, true)).toStrictEqual(await run(options, steps, false));
      }),
      { numRuns: Number(process.env['MILLRACE_RUNS'] ?? 300) },
    );
  });
});

type Plan = typeof plans extends fc.Arbitrary<infer Value> ? Value : never;
type Counts = Record<'accepted' | 'dead' | 'dropped' | 'handled', number>;

/** A probe that comes and goes, and compares what it was told with what was counted meanwhile. */
class Watcher {
  readonly #bus: EventBus;
  readonly #counts: () => Counts;
  #leave: (() => void) | undefined;

  constructor(bus: EventBus, counts: () => Counts) {
    this.#bus = bus;
    this.#counts = counts;
  }

  come(): void {
    this.leave();
    const before = this.#counts();
    const told = { accepted: 0, handled: 0, dead: 0, dropped: 0 };
    const ended = new Set<Handling>();
    const end = (handling: Handling, outcome: keyof Counts): void => {
      told[outcome]++;
      ended.add(handling);
    };
    const watching = this.#bus.addProbe({
      accepted: () => void told.accepted++,
      settled: (handling, { outcome }) => end(handling, outcome as 'dead' | 'handled'),
      dropped: (handling) => end(handling, 'dropped'),
    });
    this.#leave = () => {
      watching.unsubscribe();
      const { accepted, handled, dead, dropped } = this.#counts();
      expect(told).toStrictEqual({
        accepted: accepted - before.accepted,
        handled: handled - before.handled,
        dead: dead - before.dead,
        dropped: dropped - before.dropped,
      });
      expect(ended.size).toBe(told.handled + told.dead + told.dropped);
    };
  }

  leave(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}

/** Runs a plan, with its probes or without, and returns all that can be seen of it. */
async function run(
  { isKeyed, isTimed, maxAttempts, ...options }: Plan['options'],
  steps: Plan['steps'],
  isWatched: boolean,
) {
  const scheduler = new VirtualClock();
  let ids = 0;
  const bus = createEventBus({ scheduler, createId: () => `id ${++ids}` });
  const held = new HeldHandler<EventMessage>();
  const subscription = bus.on(Tick, held, {
    ...options,
    name: 'held',
    retry: { maxAttempts, delayMs: 10 },
    ...(isKeyed && { key: ({ data }) => data % 2 }),
    ...(isTimed && { timeoutMs: 15 }),
  });
  bus.errors.subscribe();
  const letters: string[] = [];
  bus.deadLetters.subscribe(({ event, reason, attempts }) =>
    letters.push(`${String(event.data)} ${reason} ${attempts.length}`),
  );
  const watcher = new Watcher(bus, () => subscription.stats());
  const reports: Promise<unknown>[] = [];
  for (const { kind, at } of steps) {
    const call = [...held.open][at % Math.max(1, held.open.size)];
    if (kind === 'emit') bus.emit(Tick, at);
    else if (kind === 'publish') reports.push(bus.publish(Tick, at));
    else if (kind === 'succeed') call?.succeed();
    else if (kind === 'fail') call?.fail(new Error('broken'));
    else if (kind === 'watch' && isWatched) watcher.come();
    else if (kind === 'leave') watcher.leave();
    await scheduler.advance(kind === 'wait' ? 20 : 0);
  }
  const drained = bus.drain({ deadlineMs: 30 });
  await scheduler.advance(30);
  const report = await drained;
  watcher.leave();
  const calls = held.calls.map(({ event, context: { attempt } }) => `${String(event.data)} ${attempt}`);
  return { letters, calls, report, reports: await Promise.all(reports), stats: subscription.stats() };
}

function fail(): never {
  throw new Error('broken');
}
