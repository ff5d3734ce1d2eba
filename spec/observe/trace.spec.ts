import * as fc from 'fast-check';
import {
  createEventBus,
  createRepository,
  defineAggregate,
  defineEvent,
  type EventMessage,
  type EventStore,
  type EventTrace,
  InvalidOptionError,
  memoryEventStore,
  payload,
  type RecordedEvent,
  trace,
  type TracedEvent,
  type TraceNode,
} from 'millrace';
import { record } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { UserRenamed, UserSignedUp } from '../support/events.ts';
import { countAlive } from '../support/garbage.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MailRequested = defineEvent('mail.requested', payload<{ to: string }>());
const MailSent = defineEvent('mail.sent', payload<{ to: string }>());

/** An event as short as can be: its id, its cause, and when it was. */
function event(id: string, causationId?: string, time: number = 0, correlationId = 'a'): TracedEvent {
  const headers = { ...(id !== correlationId && { correlationId }), ...(causationId !== undefined && { causationId }) };
  return { id, type: `event.${id}`, time, headers };
}

/** A tree in short: `a(b(c) d)`. */
function shape(nodes: readonly TraceNode[]): string {
  return nodes
    .map(({ event: { id }, children, orphan }) => {
      const mark = orphan === undefined ? '' : `!${orphan}`;
      return `${id}${mark}${children.length === 0 ? '' : `(${shape(children)})`}`;
    })
    .join(' ');
}

/** Every node once, in the order of the lines. */
function nodesOf(roots: readonly TraceNode[]): readonly TraceNode[] {
  const nodes: TraceNode[] = [];
  const stack = roots.toReversed();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    stack.push(...node.children.toReversed());
  }
  return nodes;
}

describe('a trace', () => {
  it('is the tree of what handlers have sent because of one event', () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    const events: EventMessage[] = [];
    bus.events('>').subscribe((message) => events.push(message));
    bus.on(UserSignedUp, ({ data: { userId } }, { emit }) => {
      emit(MailRequested, { to: userId });
      emit(UserRenamed, { userId, name: 'Ada' });
    });
    bus.on(MailRequested, ({ data: { to } }, { emit }) => void emit(MailSent, { to }));
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(UserSignedUp, { userId: 'u2' });

    const [first] = events;
    const { correlationId, size, roots } = trace(events, first!.id);
    expect({ correlationId, size }).toEqual({ correlationId: first!.id, size: 4 });
    expect(nodesOf(roots).map((node) => node.event.type)).toEqual([
      'user.signed_up',
      'mail.requested',
      'mail.sent',
      'user.renamed',
    ]);
    expect(roots).toMatchObject([
      {
        event: { data: { userId: 'u1' } },
        children: [{ event: { data: { to: 'u1' } }, children: [{ event: { type: 'mail.sent' } }] }, {}],
      },
    ]);
    expect(roots[0]?.event).toBe(first);
  });

  it('is found by any event of it, too', () => {
    const events = [event('a'), event('b', 'a'), event('c', 'b'), event('z', undefined, 0, 'z')];
    expect(shape(trace(events, events[2]!).roots)).toBe('a(b(c))');
    expect(shape(trace(events, events[0]!).roots)).toBe('a(b(c))');
    expect(shape(trace(events, events[3]!).roots)).toBe('z');
  });

  it('has every event that a correlation id of yours ties together', () => {
    const events = [
      event('a', undefined, 0, 'request'),
      event('b', 'a', 1, 'request'),
      event('c', undefined, 2, 'request'),
    ];
    const { roots } = trace(events, 'request');
    expect(shape(roots)).toBe('a(b) c');
  });

  it('is empty where nothing belongs to it, and says so', () => {
    const empty = trace([event('b', 'a')], 'b');
    expect(empty).toMatchObject({ size: 0, roots: [] });
    expect(String(empty)).toBe("no events with correlation id 'b'");
  });

  it('orders by time, and what is of one time as it came', () => {
    const events = [event('e', 'a', 5), event('c', 'a', 3), event('b', 'a', 3), event('a', undefined, 0)];
    expect(shape(trace(events, 'a').roots)).toBe('a(c b e)');
  });

  it('says how long after its cause each event came, also where clocks differ', () => {
    const [root] = trace([event('a', undefined, 100), event('b', 'a', 130), event('c', 'b', 125)], 'a').roots;
    expect(root).not.toHaveProperty('delayMs');
    expect(root?.children[0]).toMatchObject({ delayMs: 30, children: [{ delayMs: -5 }] });
  });

  it('has an event that came twice once, as it came first', () => {
    const [first, again] = [event('b', 'a', 1), event('b', 'a', 7)];
    const { roots, size } = trace([event('a'), first, event('a'), again], 'a');
    expect(shape(roots)).toBe('a(b)');
    expect(roots[0]?.children[0]?.event).toBe(first);
    expect(size).toBe(2);
  });

  it('marks an event as an orphan whose cause is not there', () => {
    expect(shape(trace([event('a'), event('c', 'b', 1), event('d', 'c', 2)], 'a').roots)).toBe('a c!unrecorded(d)');
  });

  it('ends where causes go round in a circle, at the earliest of them', () => {
    const events = [event('b', 'd', 1), event('c', 'b', 2), event('d', 'c', 3), event('e', 'd', 4), event('f', 'f', 5)];
    expect(shape(trace(events, 'a').roots)).toBe('b!cycle(c(d(e))) f!cycle');
  });

  it('finds the earliest of a circle from an event before it that hangs on it', () => {
    expect(shape(trace([event('e', 'd', 0), event('d', 'c', 3), event('c', 'd', 2)], 'a').roots)).toBe('c!cycle(d(e))');
  });

  it('is plain data to JSON and to structuredClone', () => {
    const tree = trace([event('a'), event('b', 'a', 4)], 'a');
    const b = { event: event('b', 'a', 4), children: [], delayMs: 4, ends: [] };
    const data = { correlationId: 'a', roots: [{ event: event('a'), children: [b], ends: [] }], size: 2 };
    expect(JSON.parse(JSON.stringify(tree))).toEqual(data);
    expect(structuredClone(tree)).toEqual(data);
  });

  it.each([
    ['text', 'abc'],
    ['nothing', undefined],
    ['a number', 7],
    ['an object', {}],
    ['a list of texts', ['abc']],
    ['a list with nothing', [null]],
    ['a list of data', [{ type: 'a' }]],
  ])('refuses %s as its source', (_what, source) => {
    // @ts-expect-error not what it takes
    expect(() => trace(source, 'a')).toThrow(InvalidOptionError);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a number', 7],
    ['an object', {}],
  ])('refuses %s as what is traced', (_what, correlated) => {
    // @ts-expect-error not what it takes
    expect(() => trace([], correlated)).toThrow(InvalidOptionError);
  });
});

describe('the trace of a recorded bus', () => {
  it('tells how its handlers ended', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    using recorded = record(bus);
    let calls = 0;
    const flaky = async (): Promise<void> => {
      if (++calls < 3) throw new Error('not yet');
    };
    bus.on(UserSignedUp, flaky, { name: 'crm', retry: { maxAttempts: 3, delayMs: 10 } });
    bus.on(UserSignedUp, ({ data }, { emit }) => void emit(MailRequested, { to: data.userId }), { name: 'welcome' });
    bus.on(
      MailRequested,
      () => {
        throw new Error('smtp down');
      },
      { name: 'mail' },
    );
    bus.emit(UserSignedUp, { userId: 'u1' });
    for (let attempt = 1; attempt <= 3; attempt++) await scheduler.advance(20);

    const { roots } = trace(recorded, recorded.published(UserSignedUp)[0]!);
    expect(roots).toMatchObject([
      {
        ends: [
          { handler: 'welcome', outcome: 'handled', attempts: 1 },
          { handler: 'crm', outcome: 'handled', attempts: 3 },
        ],
        children: [{ ends: [{ handler: 'mail', outcome: 'dead', reason: 'exhausted' }] }],
      },
    ]);
    expect(roots[0]?.ends[0]).not.toHaveProperty('event');
  });

  it('has what was handled here, but published elsewhere', () => {
    const message = UserSignedUp.create({ userId: 'u1' });
    const recorded = {
      published: () => [],
      settled: () => [{ handler: 'mail', event: message, outcome: 'handled', attempts: 1 } as const],
    };
    expect(trace(recorded, message)).toMatchObject({ size: 1, roots: [{ ends: [{ handler: 'mail' }] }] });
  });
});

describe('the trace of an event store', () => {
  const Account = defineAggregate({
    name: 'account',
    initial: () => 0,
    decide: (amount: number) => [{ type: 'deposited', data: { amount } }],
    evolve: (sum: number, { data }: { data: { amount: number } }) => sum + data.amount,
  });

  it('has what commands have appended because of an event, with its place', async () => {
    const store = memoryEventStore();
    const accounts = createRepository(store, Account);
    const cause = UserSignedUp.create({ userId: 'u1' });
    await store.append('user-u1', cause);
    await accounts.execute('1', 10, { causedBy: cause });
    await accounts.execute('2', 20);
    const { roots, size } = await trace(store, cause);
    expect(size).toBe(2);
    expect(roots).toMatchObject([
      {
        event: { stream: 'user-u1' },
        children: [{ event: { stream: 'account-1', version: 1, data: { amount: 10 } } }],
      },
    ]);
    expect(String(await trace(store, cause)).split('\n')[1]).toMatch(/^└─ deposited .* ms {2}account-1 v1$/);
  });

  it('is of a part of the store, if it is given one', async () => {
    const store = memoryEventStore();
    const { checkpoint } = await store.append('a', { type: 'first', data: null, id: 'first' });
    await store.append('b', { type: 'second', data: null, headers: { correlationId: 'first', causationId: 'first' } });
    const { roots } = await trace(store.readAll({ from: checkpoint }), 'first');
    expect(roots).toMatchObject([{ event: { type: 'second' }, orphan: 'unrecorded' }]);
  });

  it('keeps nothing of what does not belong to it', async () => {
    const others: WeakRef<object>[] = [];
    let aliveAtTheEnd = 0;
    async function* readAll(): AsyncGenerator<RecordedEvent, undefined> {
      for (let position = 1; position <= 3_000; position++) {
        const isWanted = position % 1_000 === 0;
        const recorded = recordedAt(position, isWanted ? 'wanted' : 'other');
        if (!isWanted) others.push(new WeakRef(recorded));
        yield recorded;
      }
      aliveAtTheEnd = await countAlive(others);
    }
    const { size } = await trace({ readAll }, 'wanted');
    expect(size).toBe(3);
    expect(others.length).toBe(2_997);
    // Code that is being optimized may keep one for a while.
    expect(aliveAtTheEnd).toBeLessThan(5);
  });

  it('fails as its reading does', async () => {
    const store: EventStore = memoryEventStore();
    await store.close();
    await expect(async () => trace(store, 'a')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

function recordedAt(position: number, correlationId: string): RecordedEvent {
  const place = { stream: 's', version: position, position, checkpoint: String(position) };
  return { id: String(position), type: 'ticked', time: position, data: null, headers: { correlationId }, ...place };
}

describe('the text of a trace', () => {
  it('draws a tree, a line for each event', () => {
    const long = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
    const events: TracedEvent[] = [
      { id: long, type: 'user.signed_up', time: 1_000, headers: {} },
      { ...event('b', long, 1_003, long), type: 'mail.requested' },
      { ...event('c', 'b', 2_234, long), type: 'mail.sent', stream: 'mail-7', version: 3 },
      { ...event('d', long, 1_004, long), type: 'account.opened', stream: 'account-1' },
      { ...event('e', 'd', 999, long), type: 'clock.behind' },
      { ...event('f', 'lost', 7_300_000, long), type: 'late' },
    ];
    expect(`\n${String(trace(events, long))}`).toBe(`
user.signed_up      …2e3f4a5b    +0 ms
├─ mail.requested   b            +3 ms
│  └─ mail.sent     c          +1.23 s  mail-7 v3
└─ account.opened   d            +4 ms  account-1
   └─ clock.behind  e            -1 ms
late                f           +2.0 h  (its cause lost is not recorded)`);
  });

  it.each([
    [999, '+999 ms'],
    [1_000, '+1.00 s'],
    [60_000, '+1.0 min'],
    [3_600_000, '+1.0 h'],
    [86_400_000, '+1.0 d'],
    [-86_400_000, '-1.0 d'],
  ])('writes %d ms as %s', (time, text) => {
    expect(String(trace([event('a'), event('b', 'a', time)], 'a'))).toContain(`  ${text}`);
  });

  it('tells the handlers, the outcome of each, and how many attempts it took', () => {
    const message = UserSignedUp.create({ userId: 'u1' }, { id: 'a', time: 0 });
    const ends = [
      { handler: 'crm', event: message, outcome: 'handled', attempts: 3 },
      { handler: 'mail', event: message, outcome: 'dead', reason: 'timeout', attempts: 1 },
    ] as const;
    const text = String(trace({ published: () => [message], settled: () => ends }, 'a'));
    expect(text).toBe('user.signed_up  a  +0 ms  crm: handled after 3 attempts, mail: dead (timeout)');
  });

  it('writes the depth where it is too deep to be drawn, so that it does not grow without bound', () => {
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, index) =>
      event(String(index), index === 0 ? undefined : String(index - 1), index, '0'),
    );
    const text = String(trace(chain, '0'));
    const lines = text.split('\n');
    expect(lines.length).toBe(count);
    expect(lines[24]).toMatch(/^ {69}└─ event\.24/);
    expect(lines[25]).toMatch(/^ {72}└─ \(25 deep\) event\.25/);
    expect(lines.at(-1)).toMatch(/^ {72}└─ \(19999 deep\) event\.19999/);
    expect(text.length).toBeLessThan(count * 150);
  });

  it('names the circle that an orphan is of', () => {
    expect(String(trace([event('b', 'b')], 'a'))).toBe('event.b  b  +0 ms  (its cause b is one of its consequences)');
  });
});

/** Any events of a chain and of others, whatever their causes, times and order, some of them twice. */
const anyEvents = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 12 }).map(String),
    type: fc.oneof(
      fc.string().filter((text) => text.trim() !== ''),
      fc.constantFrom('a\nb', 'c d', 'e'),
    ),
    time: fc.integer({ min: 0, max: 20 }),
    headers: fc.record(
      {
        correlationId: fc.constantFrom('0', '0', '0', 'other'),
        causationId: fc.integer({ min: 0, max: 15 }).map(String),
      },
      { requiredKeys: [] },
    ),
    stream: fc.constantFrom('s', 't\ru'),
  }),
  { maxLength: 25 },
);

describe('every trace', () => {
  it('has each event that belongs to it once, below its cause, in order', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { roots, size } = trace(events, '0');
        const nodes = nodesOf(roots);
        const mine = events.filter(({ id, headers }) => (headers.correlationId ?? id) === '0');
        const ids = new Set(mine.map(({ id }) => id));
        expect(nodes.map((node) => node.event.id).toSorted()).toEqual([...ids].toSorted());
        expect(size).toBe(ids.size);
        for (const node of nodes) {
          expect(mine.find(({ id }) => id === node.event.id)).toBe(node.event);
          for (const child of node.children) {
            expect(child.event.headers.causationId).toBe(node.event.id);
            expect(child).toMatchObject({ delayMs: child.event.time - node.event.time });
            expect(child).not.toHaveProperty('orphan');
          }
          expectInOrder(node.children, mine);
        }
        expectInOrder(roots, mine);
        for (const { event: root, orphan } of roots) {
          const { causationId } = root.headers;
          if (causationId === undefined) expect(orphan).toBeUndefined();
          else expect(orphan).toBe(ids.has(causationId) ? 'cycle' : 'unrecorded');
        }
      }),
    );
  });

  it('has one line of text for each event', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const tree = trace(events, '0');
        const lines = String(tree).split(/[\n\r\u2028\u2029]/u);
        expect(lines.length).toBe(Math.max(1, tree.size));
      }),
    );
  });

  it('is the same of a list, of a store that has the list, and of its events one by one', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, async (events) => {
        async function* oneByOne(): AsyncGenerator<TracedEvent, undefined> {
          yield* events;
        }
        const expected = trace(new Set(events), '0');
        expect(await trace(oneByOne(), '0')).toEqual(expected);
        const store = memoryEventStore({ pageSize: 3 });
        const once = events.filter(({ id }, index) => events.findIndex((other) => other.id === id) === index);
        for (const { stream, ...each } of once) await store.append(stream, { data: null, ...each });
        expect(String(await trace(store, '0'))).toBe(String(withPlaces(once)));
      }),
      { numRuns: 30 },
    );
  });
});

/** The events with the versions that a store gives them. */
function withPlaces(events: readonly (TracedEvent & { readonly stream: string })[]): EventTrace {
  const versions = new Map<string, number>();
  const recorded = events.map((each) => {
    const version = (versions.get(each.stream) ?? 0) + 1;
    versions.set(each.stream, version);
    return { ...each, version };
  });
  return trace(recorded, '0');
}

function expectInOrder(siblings: readonly TraceNode[], arrivals: readonly TracedEvent[]): void {
  const places = siblings.map((node) => ({ time: node.event.time, arrival: arrivals.indexOf(node.event) }));
  expect(places).toEqual(places.toSorted((one, other) => one.time - other.time || one.arrival - other.arrival));
}
