import { createDeadLetterQueue, createEventBus, type DeadLetter, defineEvent, SchemaError } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { HeldHandler } from '../support/held-handler.ts';

const OrderPlaced = defineEvent('order.placed', z.object({ id: z.string(), total: z.number() }));
const valid = { id: 'o1', total: 5 };

/** An event whose schema accepts less or more as time goes by, as schemas do. */
function changeable() {
  let isValid = (raw: unknown): boolean => typeof raw === 'string';
  return {
    Noted: defineEvent(
      'noted',
      z.unknown().refine((raw) => isValid(raw), 'is no note'),
    ),
    accept: (rule: typeof isValid): void => void (isValid = rule),
  };
}

describe('ingest', () => {
  it('emits what the schema accepts, as the schema gives it out', () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(OrderPlaced, ({ data }) => void seen.push(data));
    expect(bus.ingest(OrderPlaced, { ...valid, unknown: true })).toBe(true);
    expect(seen).toStrictEqual([valid]);
    expect(bus.stats()).toMatchObject({ emitted: 1, invalid: 0 });
  });

  it('returns true when a handler has no room: the data was valid', () => {
    const bus = createEventBus();
    bus.on(OrderPlaced, new HeldHandler(), { capacity: 0 });
    expect([bus.ingest(OrderPlaced, valid), bus.ingest(OrderPlaced, valid)]).toStrictEqual([true, true]);
  });

  it('makes a letter of what the schema refuses: no handler, the raw data, every issue', async () => {
    const bus = createEventBus({ source: 'shop' });
    const seen = vi.fn();
    bus.on(OrderPlaced, () => void seen());
    const raw = { id: 5, total: 'much' };
    expect(bus.ingest(OrderPlaced, raw, { id: 'm1', time: 7, headers: { tenant: 'acme' } })).toBe(false);
    expect(seen).not.toHaveBeenCalled();
    const [letter] = await bus.deadLetters.list();
    expect(letter).toStrictEqual({
      id: expect.any(String),
      event: expect.anything(),
      reason: 'invalid',
      error: expect.any(SchemaError),
      attempts: [],
      time: expect.any(Number),
      redriven: 0,
    });
    expect(letter!.event.data).toBe(raw);
    expect(letter!.event.toJSON()).toStrictEqual({
      id: 'm1',
      type: 'order.placed',
      time: 7,
      data: raw,
      source: 'shop',
      headers: { tenant: 'acme' },
    });
    expect((letter!.error as SchemaError).issues.map(({ path }) => path)).toStrictEqual([['id'], ['total']]);
    expect(bus.stats()).toMatchObject({ emitted: 0, invalid: 1 });
  });

  it('of a thing that is not there is invalid as well', async () => {
    const bus = createEventBus();
    expect([bus.ingest(OrderPlaced, undefined), bus.ingest(OrderPlaced, null)]).toStrictEqual([false, false]);
    expect((await bus.deadLetters.list()).map(({ event }) => event.data)).toStrictEqual([undefined, null]);
  });

  it('passes on what emit throws to a producer whose handler fails on overflow', () => {
    const bus = createEventBus();
    bus.on(OrderPlaced, new HeldHandler(), { capacity: 0, overflow: 'fail' });
    bus.ingest(OrderPlaced, valid);
    expect(() => bus.ingest(OrderPlaced, valid)).toThrow(expect.objectContaining({ code: 'OVERFLOW' }));
    expect(bus.stats()).toMatchObject({ emitted: 2, invalid: 0 });
  });
});

describe('ingestAsync', () => {
  it('does the same for a schema that answers at once', async () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(OrderPlaced, ({ data }) => void seen.push(data));
    expect(await bus.ingestAsync(OrderPlaced, valid)).toMatchObject({ ok: true, handlers: [{ outcome: 'handled' }] });
    expect(await bus.ingestAsync(OrderPlaced, {})).toBe(false);
    expect(seen).toStrictEqual([valid]);
    expect(bus.stats()).toMatchObject({ emitted: 1, invalid: 1 });
  });

  it(
    'publishes: it waits for room, and for the end of every handler',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      bus.on(OrderPlaced, held, { name: 'held', capacity: 0 });
      bus.emit(OrderPlaced, valid);
      const ingested = bus.ingestAsync(OrderPlaced, valid);
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ suspended: 1, dead: 0 }]);
      held.call(0).succeed();
      await time.settle();
      held.call(1).fail(new Error('broken'));
      expect(await ingested).toMatchObject({ ok: false, handlers: [{ name: 'held', outcome: 'dead' }] });
    }),
  );

  it('rejects with the reason of an aborted signal', async () => {
    const bus = createEventBus();
    bus.on(OrderPlaced, new HeldHandler());
    const controller = new AbortController();
    const ingested = bus.ingestAsync(OrderPlaced, valid, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(ingested).rejects.toThrow('enough');
    expect(bus.stats().emitted).toBe(0);
  });

  it('refuses what the schema has accepted if the bus was closed meanwhile', async () => {
    const bus = createEventBus();
    const ingested = bus.ingestAsync(OrderPlaced, valid);
    bus.close();
    await expect(ingested).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('keeps what the schema refuses even if the bus was closed meanwhile', async () => {
    const bus = createEventBus();
    const ingested = bus.ingestAsync(OrderPlaced, {});
    bus.close();
    expect(await ingested).toBe(false);
    expect(await bus.deadLetters.list()).toHaveLength(1);
  });
});

describe('the redrive of an invalid letter', () => {
  it('checks it again and offers it to all, once the schema accepts it', async () => {
    const bus = createEventBus();
    const { Noted, accept } = changeable();
    const seen: unknown[] = [];
    bus.on(Noted, ({ id, data }) => void seen.push(['a', id, data]), { name: 'a' });
    bus.on('*', ({ id, data }) => void seen.push(['b', id, data]), { name: 'b' });
    bus.ingest(Noted, 5, { id: 'm1' });
    accept((raw) => typeof raw === 'number');
    expect(await bus.deadLetters.redrive()).toStrictEqual({
      redriven: 1,
      handled: 1,
      dead: 0,
      dropped: 0,
      skipped: 0,
    });
    expect(seen).toStrictEqual([
      ['a', 'm1', 5],
      ['b', 'm1', 5],
    ]);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
    expect(bus.stats()).toMatchObject({ emitted: 1, invalid: 1 });
  });

  it("offers the schema's output, not the raw data again", async () => {
    const bus = createEventBus();
    let isOpen = false;
    const Noted = defineEvent(
      'noted',
      z
        .string()
        .trim()
        .refine(() => isOpen, 'not yet'),
    );
    const seen: string[] = [];
    bus.on(Noted, ({ data }) => void seen.push(data));
    bus.ingest(Noted, '  a note ');
    isOpen = true;
    await bus.deadLetters.redrive();
    expect(seen).toStrictEqual(['a note']);
  });

  it('that is still invalid makes a new letter in its place, counted up', async () => {
    const bus = createEventBus();
    const { Noted } = changeable();
    const seen = vi.fn();
    bus.on(Noted, () => void seen());
    bus.ingest(Noted, 5);
    const [before] = await bus.deadLetters.list();
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 0, dead: 1 });
    await bus.deadLetters.redrive();
    const letters = await bus.deadLetters.list();
    expect(letters).toMatchObject([{ reason: 'invalid', redriven: 2, event: { data: 5 } }]);
    expect(letters[0]!.id).not.toBe(before!.id);
    expect(seen).not.toHaveBeenCalled();
    expect(bus.stats().invalid).toBe(3);
  });

  it(
    'awaits an async schema',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      let isOpen = false;
      const Noted = defineEvent(
        'noted',
        z.string().refine(async () => {
          await time.advance(1);
          return isOpen;
        }, 'not yet'),
      );
      const seen: string[] = [];
      bus.on(Noted, ({ data }) => void seen.push(data));
      expect(await bus.ingestAsync(Noted, 'a note')).toBe(false);
      isOpen = true;
      expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(seen).toStrictEqual(['a note']);
    }),
  );

  it('counts as dead when a handler then fails: that handler has a letter of its own', async () => {
    const bus = createEventBus();
    const { Noted, accept } = changeable();
    bus.on(Noted, () => undefined, { name: 'fine' });
    bus.on(Noted, () => Promise.reject(new Error('broken')), { name: 'broken' });
    bus.ingest(Noted, 5);
    accept(() => true);
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 0, dead: 1 });
    expect(await bus.deadLetters.list()).toMatchObject([{ handler: 'broken', reason: 'exhausted' }]);
  });

  it(
    'waits for room, so that no overflow policy loses it',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const { Noted, accept } = changeable();
      const held = new HeldHandler();
      bus.on(Noted, held, { capacity: 0 });
      bus.ingest(Noted, 'first');
      bus.ingest(Noted, 5);
      accept(() => true);
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ suspended: 1, dead: 0 }]);
      held.call(0).succeed();
      await time.settle();
      held.call(1).succeed();
      expect(await redriven).toMatchObject({ handled: 1 });
    }),
  );

  it('is skipped, and the letter kept, once the bus is closed', async () => {
    const bus = createEventBus();
    bus.ingest(OrderPlaced, {});
    bus.close();
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
    expect(await bus.deadLetters.list()).toHaveLength(1);
  });

  it('goes to the bus where it came in, of two that share a queue', async () => {
    const deadLetters = createDeadLetterQueue();
    const { Noted, accept } = changeable();
    const [first, second] = [createEventBus({ deadLetters }), createEventBus({ deadLetters })];
    const seen: string[] = [];
    first.on(Noted, () => void seen.push('first'));
    second.on(Noted, () => void seen.push('second'));
    first.ingest(Noted, 5);
    accept(() => true);
    expect(await deadLetters.redrive()).toMatchObject({ handled: 1 });
    expect(seen).toStrictEqual(['first']);
  });

  it('is of every bus that ingested, when they share a store across restarts: the type finds the schema', async () => {
    const letters: DeadLetter[] = [];
    const store = {
      add: (letter: DeadLetter) => void letters.push(letter),
      remove: (id: string) =>
        void letters.splice(
          letters.findIndex((letter) => letter.id === id),
          1,
        ),
      list: () => [...letters],
    };
    const { Noted, accept } = changeable();
    const before = createEventBus({ deadLetters: createDeadLetterQueue({ store }) });
    before.ingest(Noted, 5);
    before.close();
    const after = createEventBus({ deadLetters: createDeadLetterQueue({ store }), events: [Noted] });
    const seen: unknown[] = [];
    after.on(Noted, ({ data }) => void seen.push(data));
    accept(() => true);
    expect(await after.deadLetters.redrive()).toMatchObject({ handled: 1 });
    expect(seen).toStrictEqual([5]);
    expect(letters).toStrictEqual([]);
  });

  it('of a type that the bus does not know is skipped, and the letter kept', async () => {
    const deadLetters = createDeadLetterQueue();
    const before = createEventBus({ deadLetters });
    before.ingest(OrderPlaced, {});
    before.close();
    createEventBus({ deadLetters, events: [] });
    expect(await deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
    expect(await deadLetters.list()).toHaveLength(1);
  });
});
