import { stripVTControlCharacters } from 'node:util';
import { expect as jestExpect } from 'expect';
import { createEventBus, defineEvent, type EventBus, payload } from 'millrace';
import { flaky, hanging, record } from 'millrace/testing';
import { type BusMatchers, matchers } from 'millrace/testing/matchers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import 'millrace/testing/vitest';
import { OrderPlaced, Tick, UserRenamed, UserSignedUp } from '../support/events.ts';

jestExpect.extend({ ...matchers });

type Expecting = BusMatchers<EventBus> & { readonly not: BusMatchers<EventBus> };

const runners: readonly { readonly runner: string; readonly expecting: (target: unknown) => Expecting }[] = [
  { runner: 'vitest', expecting: (target) => expect(target) },
  { runner: 'jest', expecting: (target) => jestExpect(target) },
];

/** The text of a failure, without colours. */
function failureOf(assert: () => void): string {
  try {
    assert();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error('Expected a failure, got none.');
}

function recordedBus(): EventBus {
  const bus = createEventBus();
  record(bus);
  return bus;
}

describe.each(runners)('with $runner', ({ expecting }) => {
  describe('toHaveEmitted', () => {
    it('finds an event by its type, on a bus or its recording', () => {
      const bus = createEventBus();
      const recorded = record(bus);
      bus.emit(UserSignedUp, { userId: 'u1' });
      for (const target of [bus, recorded]) {
        expecting(target).toHaveEmitted(UserSignedUp);
        expecting(target).toHaveEmitted([Tick, UserSignedUp]);
        expecting(target).toHaveEmitted('user.*');
        expecting(target).not.toHaveEmitted(Tick);
        expecting(target).not.toHaveEmitted('order.*');
      }
    });

    it('finds it by a part of its data, at any depth, in which asymmetric matchers may be', () => {
      const Shipped = defineEvent('shipped', payload<{ to: { name: string; zip: string }; items: { id: number }[] }>());
      const bus = recordedBus();
      bus.emit(Shipped, { to: { name: 'Ada', zip: '1' }, items: [{ id: 1 }, { id: 2 }] });
      const expected = (): Expecting => expecting(bus);
      expected().toHaveEmitted(Shipped, {});
      expected().toHaveEmitted(Shipped, { to: { name: 'Ada' } });
      expected().toHaveEmitted(Shipped, { items: [{ id: 1 }, { id: 2 }] });
      expected().toHaveEmitted(Shipped, { to: { zip: expect.any(String) as string } });
      expected().toHaveEmitted(Shipped, { to: { zip: jestExpect.stringMatching(/\d/) } });
      expected().toHaveEmitted(Shipped, expect.objectContaining({ items: expect.anything() as never }) as never);
      expected().not.toHaveEmitted(Shipped, { to: { name: 'Bob' } });
      expected().not.toHaveEmitted(Shipped, { items: [{ id: 1 }] });
      expected().not.toHaveEmitted(Shipped, { to: { name: 'Ada', zip: '2' } });
    });

    it('compares data that has no parts', () => {
      const bus = recordedBus();
      bus.emit(Tick, 0);
      expecting(bus).toHaveEmitted(Tick, 0);
      expecting(bus).not.toHaveEmitted(Tick, 1);
    });

    it('takes undefined for data like any other, if it is written', () => {
      const Noted = defineEvent('noted', payload<string | undefined>());
      const bus = recordedBus();
      bus.emit(Noted, 'text');
      expecting(bus).toHaveEmitted(Noted);
      expecting(bus).not.toHaveEmitted(Noted, undefined);
      bus.emit(Noted);
      expecting(bus).toHaveEmitted(Noted, undefined);
    });

    it('shows what differs in the nearest candidate, and the others', () => {
      const bus = recordedBus();
      bus.emit(UserRenamed, { userId: 'u9', name: 'Bob' });
      bus.emit(UserRenamed, { userId: 'u1', name: 'Bob' });
      const failure = failureOf(() => expecting(bus).toHaveEmitted(UserRenamed, { userId: 'u1', name: 'Ada' }));
      expect(failure).toBe(
        [
          'expect(bus).toHaveEmitted(event, data)',
          '',
          `Expected an event 'user.renamed' with data { userId: 'u1', name: 'Ada' }, got 2 without that. The nearest differs so:`,
          '',
          '- Expected',
          '+ Received',
          '',
          ...(failure.includes('Object {') ? ['  Object {'] : ['  {']),
          '-   "name": "Ada",',
          '+   "name": "Bob",',
          '    "userId": "u1",',
          '  }',
          '',
          'The others:',
          `  { userId: 'u9', name: 'Bob' }`,
        ].join('\n'),
      );
    });

    it('leaves out of the diff what was not asked for, and shows it below', () => {
      const bus = recordedBus();
      bus.emit(OrderPlaced, { id: 'o1', total: 3 });
      const failure = failureOf(() => expecting(bus).toHaveEmitted(OrderPlaced, { total: 4 }));
      expect(failure).toContain('got 1 without that. It differs so:');
      expect(failure).toMatch(/- +"total": 4,\n\+ +"total": 3,/);
      expect(failure).not.toContain('"id"');
      expect(failure).toMatch(/\n\nIn full: \{ id: 'o1', total: 3 \}$/);
    });

    it('says what was emitted instead, if there was no such event', () => {
      const bus = recordedBus();
      expect(failureOf(() => expecting(bus).toHaveEmitted(UserSignedUp))).toBe(
        [
          'expect(bus).toHaveEmitted(event)',
          '',
          `Expected an event 'user.signed_up', got none.`,
          'Nothing at all was emitted since the bus is recorded.',
        ].join('\n'),
      );
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      bus.emit(OrderPlaced, { id: 'o1', total: 3 });
      expect(failureOf(() => expecting(bus).toHaveEmitted('user.*', { userId: 'u1' }))).toBe(
        [
          'expect(bus).toHaveEmitted(event, data)',
          '',
          `Expected an event 'user.*' with data { userId: 'u1' }, got none.`,
          `What was emitted: 2 × 'tick', 1 × 'order.placed'.`,
        ].join('\n'),
      );
    });

    it('shows what should not have been, with .not', () => {
      const bus = recordedBus();
      for (let count = 0; count < 7; count++) bus.emit(Tick, count);
      expect(failureOf(() => expecting(bus).not.toHaveEmitted(Tick, 3))).toBe(
        [
          'expect(bus).not.toHaveEmitted(event, data)',
          '',
          `Expected not an event 'tick' with data 3, got 1:`,
          '  3',
        ].join('\n'),
      );
      expect(failureOf(() => expecting(bus).not.toHaveEmitted(Tick))).toContain(
        `Expected not an event 'tick', got 7:\n  0\n  1\n  2\n  3\n  4\n  … and 2 more`,
      );
    });
  });

  describe('toHaveDeadLettered', () => {
    it('finds a letter by its event, its handler, its reason, and a part of the data', async () => {
      const bus = recordedBus();
      bus.on(
        UserRenamed,
        flaky(() => undefined, 'x'),
        { name: 'mail' },
      );
      bus.on(UserRenamed, () => undefined, { name: 'audit' });
      await bus.publish(UserRenamed, { userId: 'u1', name: 'Ada' });
      const expected = (): Expecting => expecting(bus);
      expected().toHaveDeadLettered(UserRenamed);
      expected().toHaveDeadLettered('user.*');
      expected().toHaveDeadLettered(UserRenamed, {});
      expected().toHaveDeadLettered(UserRenamed, { handler: 'mail', reason: 'exhausted', data: { name: 'Ada' } });
      expected().toHaveDeadLettered(UserRenamed, { handler: jestExpect.stringContaining('ai') });
      expected().not.toHaveDeadLettered(UserSignedUp);
      expected().not.toHaveDeadLettered(UserRenamed, { handler: 'audit' });
      expected().not.toHaveDeadLettered(UserRenamed, { reason: 'timeout' });
      expected().not.toHaveDeadLettered(UserRenamed, { data: { name: 'Bob' } });
    });

    it('shows what differs', async () => {
      const bus = recordedBus();
      bus.on(
        Tick,
        flaky(() => undefined, 'x'),
        { name: 'mail' },
      );
      await bus.publish(Tick, 1);
      const failure = failureOf(() => expecting(bus).toHaveDeadLettered(Tick, { handler: 'mail', reason: 'timeout' }));
      expect(failure).toContain(
        `Expected a dead letter of 'tick' with details { handler: 'mail', reason: 'timeout' }, got 1 without that. It differs so:`,
      );
      expect(failure).toMatch(/"handler": "mail",\n- +"reason": "timeout",\n\+ +"reason": "exhausted",/);
    });

    it('says what became of the event instead', async () => {
      const bus = recordedBus();
      bus.on(Tick, () => undefined, { name: 'mail' });
      bus.on(OrderPlaced, hanging(), { name: 'slow' });
      await bus.publish(Tick, 1);
      bus.emit(OrderPlaced, { id: 'o1', total: 3 });
      expect(failureOf(() => expecting(bus).toHaveDeadLettered(Tick))).toContain(
        `Expected a dead letter of 'tick', got none.\nWhat became of it: 1 × handled by 'mail'.`,
      );
      expect(failureOf(() => expecting(bus).toHaveDeadLettered(OrderPlaced))).toContain(
        'It was emitted 1 ×, but no handler has brought it to its end. Is there one, and was it awaited?',
      );
      expect(failureOf(() => expecting(bus).toHaveDeadLettered(UserSignedUp))).toContain(
        `What was emitted: 1 × 'tick', 1 × 'order.placed'.`,
      );
      bus.close();
    });
  });

  describe('toHaveSettled', () => {
    it('finds an end by its event, handler, outcome, attempts, reason, and a part of the data', async () => {
      const bus = recordedBus();
      bus.on(
        Tick,
        flaky(() => undefined, 'x ok'),
        { name: 'mail', retry: { maxAttempts: 2, delayMs: 0 } },
      );
      bus.on(Tick, hanging(), { name: 'slow', overflow: 'drop-newest', capacity: 0 });
      bus.emit(Tick, 0);
      await vi.waitFor(() => expecting(bus).toHaveSettled(Tick, { outcome: 'handled' }));
      bus.emit(Tick, 1);
      const expected = (): Expecting => expecting(bus);
      expected().toHaveSettled(Tick);
      expected().toHaveSettled(Tick, { handler: 'mail', outcome: 'handled', attempts: 2, data: 0 });
      expected().toHaveSettled(Tick, {
        handler: 'slow',
        outcome: 'dropped',
        attempts: 0,
        reason: 'drop-newest',
        data: 1,
      });
      expected().not.toHaveSettled(Tick, { handler: 'slow', outcome: 'handled' });
      expected().not.toHaveSettled(Tick, { attempts: 3 });
      expected().not.toHaveSettled(OrderPlaced);
      bus.close();
    });

    it('shows what differs', async () => {
      const bus = recordedBus();
      bus.on(Tick, () => undefined, { name: 'mail' });
      await bus.publish(Tick, 1);
      const failure = failureOf(() => expecting(bus).toHaveSettled(Tick, { outcome: 'handled', attempts: 2 }));
      expect(failure).toContain(
        `Expected the end of an event 'tick' with details { outcome: 'handled', attempts: 2 }, got 1 without that.`,
      );
      expect(failure).toMatch(/- +"attempts": 2,\n\+ +"attempts": 1,/);
      expect(failureOf(() => expecting(bus).not.toHaveSettled(Tick, { attempts: 1 }))).toContain(
        `Expected not the end of an event 'tick' with details { attempts: 1 }, got 1:\n  { handler: 'mail', outcome: 'handled', attempts: 1, reason: undefined, data: 1 }`,
      );
    });
  });

  describe('a matcher', () => {
    it.each(['toHaveEmitted', 'toHaveDeadLettered', 'toHaveSettled'] as const)(
      '%s asks for a recording first, also with .not',
      (matcher) => {
        const bus = createEventBus();
        const words = /^Expected a bus that is recorded, got one that is not, or no longer\. Call record\(bus\) first/;
        expect(failureOf(() => expecting(bus)[matcher](Tick))).toMatch(words);
        expect(failureOf(() => expecting(bus).not[matcher](Tick))).toMatch(words);
        const recorded = record(bus);
        expecting(bus).not[matcher](Tick);
        recorded.close();
        expect(failureOf(() => expecting(bus).not[matcher](Tick))).toMatch(words);
        expecting(recorded).not[matcher](Tick);
      },
    );

    it('looks at the latest recording of a bus that is not closed', () => {
      const bus = createEventBus();
      record(bus);
      bus.emit(Tick, 1);
      const second = record(bus);
      expecting(bus).not.toHaveEmitted(Tick);
      second.close();
      expecting(bus).toHaveEmitted(Tick);
    });

    it.each([undefined, null, 5, {}, 'bus'])('refuses a target that is %s', (target) => {
      expect(failureOf(() => expecting(target).not.toHaveEmitted(Tick))).toMatch(
        /^Expected a bus that is recorded, or its recording, got /,
      );
    });

    it.each([
      ['user.', /^Expected a pattern/],
      [undefined, /^Expected an event definition/],
      [[], /^Expected an event, a list of events or a pattern, got an empty list/],
    ])('refuses a source that is %s', (source, words) => {
      for (const matcher of ['toHaveEmitted', 'toHaveDeadLettered', 'toHaveSettled'] as const) {
        expect(failureOf(() => expecting(recordedBus()).not[matcher](source as unknown as typeof Tick))).toMatch(words);
      }
    });

    it.each([
      [5, /^Expected an object of 'handler', 'reason', 'data', got 5/],
      [null, /^Expected an object of 'handler', 'reason', 'data', got null/],
      [{ handlers: 'mail' }, /^Expected an object of 'handler', 'reason', 'data', got one with 'handlers'/],
      [{ reason: 'exhaused' }, /^Expected reason to be one of .*, got 'exhaused'/],
      [{ reason: 'busy' }, /^Expected reason to be one of .*, got 'busy'/],
    ])('refuses %j for the details of a letter, which would never be found', (details, words) => {
      expect(failureOf(() => expecting(recordedBus()).not.toHaveDeadLettered(Tick, details as object))).toMatch(words);
    });

    it.each([
      [{ outcome: 'rejected' }, /^Expected outcome to be one of 'handled', 'dead', 'dropped', got 'rejected'/],
      [{ attempts: -1 }, /^Expected attempts to be a whole number ≥ 0, got -1/],
      [{ attempts: '2' }, /^Expected attempts to be a whole number ≥ 0, got '2'/],
      [{ attempt: 2 }, /got one with 'attempt'/],
      [{ reason: 'late' }, /^Expected reason to be one of/],
    ])('refuses %j for the details of an end, which would never be found', (details, words) => {
      expect(failureOf(() => expecting(recordedBus()).not.toHaveSettled(Tick, details as object))).toMatch(words);
    });
  });
});

describe('the door of jest', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('registers the matchers with the global expect', async () => {
    const extend = vi.fn();
    vi.stubGlobal('expect', { extend });
    await import('millrace/testing/jest');
    expect(extend).toHaveBeenCalledExactlyOnceWith(matchersByName());
  });

  it.each([undefined, 5, () => undefined])('says what to do, if the global expect is %s', async (wrong) => {
    vi.stubGlobal('expect', wrong);
    await expect(import('millrace/testing/jest')).rejects.toThrow(
      /^Expected the global expect of jest, got none\. With injectGlobals: false, call expect\.extend\(matchers\)/,
    );
  });

  function matchersByName(): object {
    return Object.fromEntries(Object.keys(matchers).map((name) => [name, expect.any(Function) as unknown]));
  }
});
