import { createProcessor, type DrainReport, type Handling, type Probe, type ReportedError } from 'millrace';
import { virtualTest, type VirtualTime } from 'millrace/testing';
import { NEVER, of, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { describeEnd, watch } from '../support/watch.ts';

/** A probe that writes down what it is told. */
function diary(): { probe: Probe; lines: string[]; handlings: Set<Handling> } {
  const lines: string[] = [];
  const handlings = new Set<Handling>();
  const note = (what: string, handling: Handling, more = ''): void => {
    handlings.add(handling);
    lines.push(`${what} ${String(handling.event)} of ${handling.handler}, attempt ${handling.attempts}${more}`);
  };
  const probe: Probe = {
    accepted: (handling) => note('accepted', handling),
    started: (handling) => note('started', handling),
    retried: (handling, { error, delayMs }) => note('retried', handling, `: ${String(error)}, in ${delayMs} ms`),
    settled: (handling, settlement) => note('settled', handling, `: ${describeEnd(settlement)}`),
    dropped: (handling, reason) => note('dropped', handling, `: ${reason}`),
    drained: (handler, { completed }) => lines.push(`drained ${handler}: ${completed ? 'completed' : 'gave up'}`),
  };
  return { probe, lines, handlings };
}

describe('a probe', () => {
  it('is told when an event is accepted, when its attempt starts, and how it ended', () => {
    const { probe, lines, handlings } = diary();
    createProcessor<string>(() => undefined, { name: 'mail', probe }).trySend('a');
    expect(lines).toEqual([
      'accepted a of mail, attempt 0',
      'started a of mail, attempt 1',
      'settled a of mail, attempt 1: handled',
    ]);
    expect(handlings.size).toBe(1);
  });

  it('is told of every attempt, with the error and the delay before the next one', () => {
    const scheduler = new VirtualTimeScheduler();
    const { probe, lines, handlings } = diary();
    const retry = { maxAttempts: 3, delayMs: 10 };
    createProcessor<string>(() => throwError(() => 'no'), { name: 'mail', probe, retry, scheduler }).trySend('a');
    scheduler.flush();
    expect(lines).toEqual([
      'accepted a of mail, attempt 0',
      'started a of mail, attempt 1',
      'retried a of mail, attempt 1: no, in 10 ms',
      'started a of mail, attempt 2',
      'retried a of mail, attempt 2: no, in 20 ms',
      'started a of mail, attempt 3',
      'settled a of mail, attempt 3: dead exhausted',
    ]);
    expect(handlings.size).toBe(1);
  });

  it('is told of what a policy drops', () => {
    const { probe, lines } = diary();
    const processor = createProcessor<string>(() => NEVER, { probe, overflow: 'drop-newest', capacity: 0 });
    processor.trySend('a');
    processor.trySend('b');
    expect(lines.slice(2)).toEqual([
      'accepted b of handler, attempt 0',
      'dropped b of handler, attempt 0: drop-newest',
    ]);
  });

  it('is told of an event that is dead without an attempt', () => {
    const { probe, lines } = diary();
    const key = (): never => {
      throw new Error('no key');
    };
    createProcessor<string>(() => undefined, { probe, key }).trySend('a');
    expect(lines).toEqual(['accepted a of handler, attempt 0', 'settled a of handler, attempt 0: dead invalid-key']);
  });

  it('is not told of what was not taken', () => {
    const { probe, lines } = diary();
    const processor = createProcessor<string>(() => NEVER, { probe, capacity: 0 });
    processor.trySend('a');
    lines.length = 0;
    processor.trySend('b');
    expect(lines).toEqual([]);
  });

  it('is told of the end of a drain, with its report', async () => {
    const reports: [string, DrainReport][] = [];
    const probe: Probe = { drained: (...told) => reports.push(told) };
    const processor = createProcessor<string>(() => undefined, { name: 'mail', probe });
    const report = await processor.drain();
    expect(reports).toEqual([['mail', report]]);
  });

  it('is not told of a drain by a close', () => {
    const { probe, lines } = diary();
    createProcessor<string>(() => undefined, { probe }).close();
    expect(lines).toEqual([]);
  });

  it('sees the letter of an event that is dead', () => {
    const ids: (string | undefined)[] = [];
    const probe: Probe = { settled: (_handling, { deadLetterId }) => ids.push(deadLetterId) };
    const processor = createProcessor<string>(() => throwError(() => 'no'), { probe, createId: () => 'letter 1' });
    processor.trySend('a');
    expect(ids).toEqual(['letter 1']);
  });

  it('keeps its this', () => {
    class Counter implements Probe {
      #count = 0;
      started(): void {
        this.#count++;
      }
      get count(): number {
        return this.#count;
      }
    }
    const probe = new Counter();
    createProcessor<string>(() => undefined, { probe }).trySend('a');
    expect(probe.count).toBe(1);
  });

  it.each(['accepted', 'started', 'retried', 'settled', 'dropped', 'drained', 'around'] as const)(
    'harms nothing when its %s throws, and is reported',
    async (name) => {
      const scheduler = new VirtualTimeScheduler();
      const boom = (): never => {
        throw new Error('boom');
      };
      const { processor, send, errors, ended$ } = watch<string>(
        (event) => (event === 'fails' ? throwError(() => 'no') : of(1)),
        { probe: { [name]: boom }, overflow: 'drop-newest', capacity: 0, retry: { maxAttempts: 2 }, scheduler },
      );
      const ends: string[] = [];
      ended$.subscribe((end) => ends.push(end));
      send('good');
      send('fails');
      send('too much');
      scheduler.flush();
      expect(ends).toEqual(['good handled', 'too much dropped drop-newest', 'fails dead exhausted']);
      expect(await processor.drain()).toMatchObject({ completed: true });
      expect(errors.length).toBeGreaterThan(0);
      for (const { kind, error } of errors) expect([kind, String(error)]).toEqual(['probe', 'Error: boom']);
      const { accepted, handled, dead, dropped, pending } = processor.stats();
      expect({ accepted, handled, dead, dropped, pending }).toEqual({
        accepted: 3,
        handled: 1,
        dead: 1,
        dropped: 1,
        pending: 0,
      });
    },
  );
});

describe('a probe that is told that an attempt starts', () => {
  it.each([1, 2])('may close the processor, before attempt %s: it is not made', async (attempt) => {
    const scheduler = new VirtualTimeScheduler();
    let calls = 0;
    const probe: Probe = { started: ({ attempts }) => attempts === attempt && processor.close() };
    const processor = createProcessor<string>(
      () => {
        calls++;
        throw new Error('no');
      },
      { probe, scheduler, retry: {}, concurrency: 2 },
    );
    const ends: string[] = [];
    processor.trySend('a', (end) => ends.push(describeEnd(end)));
    scheduler.flush();
    expect(calls).toBe(attempt - 1);
    expect(ends).toEqual(['dead abandoned']);
    expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0, running: 0, betweenAttempts: 0 });
    expect(await processor.deadLetters.list()).toHaveLength(1);
  });

  it('may supersede the event', () => {
    const called: string[] = [];
    const probe: Probe = { started: ({ event }) => event === 'a' && processor.trySend('b') };
    const processor = createProcessor<string>(
      (event) => {
        called.push(event);
        return NEVER;
      },
      { probe, strategy: 'switch' },
    );
    processor.trySend('a');
    expect(called).toEqual(['b']);
    expect(processor.stats()).toMatchObject({ accepted: 2, dropped: 1, pending: 1, running: 1, betweenAttempts: 0 });
    processor.close();
    expect(processor.stats()).toMatchObject({ dead: 1, pending: 0, running: 0, betweenAttempts: 0 });
  });

  it('finds it in flight', () => {
    const seen: unknown[] = [];
    const probe: Probe = { started: () => seen.push(processor.stats()) };
    const processor = createProcessor<string>(() => undefined, { probe });
    processor.trySend('a');
    expect(seen).toMatchObject([{ pending: 1, running: 1, waiting: 0, betweenAttempts: 0 }]);
  });
});

describe("a probe's around", () => {
  type Around = NonNullable<Probe['around']>;

  /** Runs one event through a handler that counts its calls. */
  async function through(
    time: VirtualTime,
    around: Around,
    handle: () => unknown = () => undefined,
  ): Promise<{ calls: number; end: string; errors: readonly ReportedError[] }> {
    let calls = 0;
    let end = '';
    const { send, ended$, errors } = watch<string>(
      () => {
        calls++;
        return handle();
      },
      { probe: { around } },
    );
    ended$.subscribe((how) => (end = how));
    send('a');
    await time.settle();
    return { calls, end, errors };
  }

  it(
    "hands the handler's result through",
    virtualTest(async ({ time }) => {
      const results: unknown[] = [];
      const around: Around = (_handling, call) => {
        const result = call();
        results.push(result);
        return result;
      };
      const promise = Promise.resolve('done');
      expect(await through(time, around, () => promise)).toMatchObject({ calls: 1, end: 'a handled', errors: [] });
      expect(results).toEqual([promise]);
    }),
  );

  it(
    "lets the handler's error pass: it is not the probe's",
    virtualTest(async ({ time }) => {
      const around: Around = (_handling, call) => call();
      const fails = (): never => {
        throw new Error('no');
      };
      expect(await through(time, around, fails)).toMatchObject({ calls: 1, end: 'a dead exhausted', errors: [] });
    }),
  );

  it(
    'may be async, and still be no second end: its own rejection harms nothing',
    virtualTest(async ({ time }) => {
      const around = (async (_handling: Handling, call: () => unknown) => {
        const result = await call();
        return result;
      }) as unknown as Around;
      const rejects = await through(time, around, () => Promise.reject(new Error('no')));
      // A virtual test fails when a rejection is handled by nobody.
      await time.settle();
      expect(rejects).toMatchObject({ calls: 1, end: 'a dead exhausted', errors: [] });
    }),
  );

  it.each<{ does: string; around: Around }>([
    { does: 'does not call it', around: () => undefined as never },
    {
      does: 'throws before it calls it',
      around: () => {
        throw new Error('boom');
      },
    },
    {
      does: 'throws after it has called it',
      around: (_handling, call) => {
        call();
        throw new Error('boom');
      },
    },
    {
      does: 'calls it twice',
      around: (_handling, call) => {
        call();
        return call();
      },
    },
    {
      does: 'calls it later',
      around: (async (_handling: Handling, call: () => unknown) => {
        await Promise.resolve();
        return call();
      }) as unknown as Around,
    },
    {
      does: 'returns something else',
      around: ((_handling: Handling, call: () => unknown) => {
        call();
        return Promise.reject(new Error('not the result'));
      }) as unknown as Around,
    },
    {
      does: "swallows the handler's error",
      around: ((_handling: Handling, call: () => unknown) => {
        try {
          call();
        } catch {
          return undefined;
        }
        return undefined;
      }) as unknown as Around,
    },
  ])(
    'calls the handler once, whose own end counts, even if it $does',
    virtualTest(async ({ time }, { around }) => {
      expect(await through(time, around)).toMatchObject({ calls: 1, end: 'a handled' });
      const fails = (): never => {
        throw new Error('no');
      };
      expect(await through(time, around, fails)).toMatchObject({ calls: 1, end: 'a dead exhausted' });
    }),
  );
});
