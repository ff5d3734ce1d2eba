import { createEventBus } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';

describe('asReadonly', () => {
  it('listens, and has nothing that sends or ends', () => {
    const bus = createEventBus();
    const view = bus.asReadonly();
    expect(Object.keys(view).toSorted((one, other) => one.localeCompare(other))).toStrictEqual([
      'deadLetters',
      'errors',
      'events',
      'on',
      'once',
      'stats',
    ]);
    for (const name of ['emit', 'publish', 'ingest', 'ingestAsync', 'subject', 'close', 'drain', 'asEmitter']) {
      expect(view).not.toHaveProperty(name);
    }
  });

  it('sees what the bus sends', async () => {
    const bus = createEventBus();
    const view = bus.asReadonly();
    const [handled, plain] = [vi.fn(), vi.fn()];
    view.on(Tick, ({ data }) => handled(data), { name: 'viewer' });
    view.events('*').subscribe(({ data }) => plain(data));
    const once = view.once(Tick);
    bus.emit(Tick, 1);
    expect(handled.mock.calls).toStrictEqual([[1]]);
    expect(plain.mock.calls).toStrictEqual([[1]]);
    expect((await once).data).toBe(1);
    expect(view.stats()).toMatchObject({ emitted: 1, handlers: [{ name: 'viewer' }] });
    const died = vi.fn();
    view.deadLetters.subscribe(({ reason }) => died(reason));
    bus.on(Tick, () => Promise.reject(new Error('no')), { name: 'fails' });
    await bus.publish(Tick, 2);
    expect(died.mock.calls).toStrictEqual([['exhausted']]);
    for (const name of ['next', 'redrive', 'discard', 'list']) expect(view.deadLetters).not.toHaveProperty(name);
    expect(view.errors).toBe(bus.errors);
  });

  it('can be taken apart', () => {
    const bus = createEventBus();
    // oxlint-disable-next-line typescript/unbound-method -- that they need no `this` is the point
    const { on, stats } = bus.asReadonly();
    const seen = vi.fn();
    on(Tick, ({ data }) => seen(data));
    bus.emit(Tick, 1);
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(stats().emitted).toBe(1);
  });
});

describe('asEmitter', () => {
  it('sends, and has nothing that listens or ends', () => {
    const view = createEventBus().asEmitter();
    expect(Object.keys(view).toSorted((one, other) => one.localeCompare(other))).toStrictEqual([
      'emit',
      'ingest',
      'ingestAsync',
      'publish',
    ]);
  });

  it('reaches the handlers of the bus, also when it is taken apart', async () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.on(Tick, ({ data }) => void seen.push(data));
    // oxlint-disable-next-line typescript/unbound-method -- that they need no `this` is the point
    const { emit, publish, ingest, ingestAsync } = bus.asEmitter();
    expect(emit(Tick, 1)).toBe(true);
    expect(await publish(Tick, 2)).toMatchObject({ ok: true });
    expect(ingest(Tick, 3)).toBe(true);
    expect(await ingestAsync(Tick, 4)).toMatchObject({ ok: true });
    expect(seen).toStrictEqual([1, 2, 3, 4]);
  });

  it('is refused with its bus', () => {
    const bus = createEventBus();
    const view = bus.asEmitter();
    bus.close();
    expect(() => view.emit(Tick, 1)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });
});
