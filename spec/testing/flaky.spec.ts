import { createEventBus, createProcessor, type HandlerContext, InvalidOptionError } from 'millrace';
import { delayed, flaky, type FlakyHandler, hanging, virtualTest } from 'millrace/testing';
import * as fc from 'fast-check';
import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';

const contextWith = (controller: AbortController): HandlerContext => ({ attempt: 1, signal: controller.signal });
const context = (): HandlerContext => contextWith(new AbortController());

/** What a call does, and when. */
async function outcomeOf(handler: FlakyHandler<string>, now: () => number, event = 'event'): Promise<string> {
  try {
    return `${String(await handler(event, context()))} at ${now()}`;
  } catch (error) {
    return `${String(error)} at ${now()}`;
  }
}

describe('a flaky handler', () => {
  it.each([
    ['ok', 'handled at 0'],
    ['x', 'Error: Call 1 failed, as its script says. at 0'],
    ['ok@20ms', 'handled at 20'],
    ['x@20ms', 'Error: Call 1 failed, as its script says. at 20'],
    ['ok@1.5s', 'handled at 1500'],
    ['x@2m', 'Error: Call 1 failed, as its script says. at 120000'],
    ['ok@0ms', 'handled at 0'],
  ])('does what a word says: %s', async (script, outcome) => {
    const test = virtualTest(async ({ time }) => {
      expect(
        await outcomeOf(
          flaky(() => 'handled', script),
          () => time.now,
        ),
      ).toBe(outcome);
    });
    await test();
  });

  it('calls the handler at once, and throws at once, where no time is given', () => {
    const handler = flaky<number>((item) => item + 1, 'ok x');
    expect(handler(1, context())).toBe(2);
    expect(() => handler(1, context())).toThrow('Call 2 failed, as its script says.');
  });

  it(
    'hangs until it is aborted, and fails with the reason',
    virtualTest(async ({ time }) => {
      const controller = new AbortController();
      const handle = vi.fn();
      const hung = Promise.resolve(flaky(handle, 'hang')('event', contextWith(controller)));
      const ended = hung.then(
        () => 'handled',
        (reason: unknown) => `${String(reason)} at ${time.now}`,
      );
      setTimeout(() => controller.abort(new Error('enough')), 3_000);
      expect(await ended).toBe('Error: enough at 3000');
      expect(handle).not.toHaveBeenCalled();
    }),
  );

  it.each(['ok@20ms', 'x@20ms', 'hang'])('is aborted while it waits, and leaves nothing behind: %s', async (script) => {
    const test = virtualTest(async ({ time }) => {
      const controller = new AbortController();
      const handle = vi.fn();
      const error = vi.fn();
      const call = flaky(handle, script, { error })('event', contextWith(controller));
      await time.advance(10);
      controller.abort(new Error('enough'));
      await expect(call).rejects.toThrow('enough');
      // A timer that is left would fail the test.
      expect(handle).not.toHaveBeenCalled();
      expect(error).not.toHaveBeenCalled();
    });
    await test();
  });

  it(
    'fails at once when it is aborted already',
    virtualTest(async ({ time }) => {
      const controller = new AbortController();
      controller.abort(new Error('too late'));
      await expect(flaky(() => {}, 'ok@20ms')('event', contextWith(controller))).rejects.toThrow('too late');
      expect(time.now).toBe(0);
    }),
  );

  it('lets go of its signal when it has ended', async () => {
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const test = virtualTest(async () => {
      await flaky(() => 'handled', 'ok@5ms')('event', contextWith(controller));
    });
    await test();
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it('goes through its script, call by call, and stays with the last word', () => {
    const handler = flaky<number>(() => 'ok', '  x ok\n x  ok ');
    const outcomes = Array.from({ length: 6 }, () => {
      try {
        return handler(1, context());
      } catch {
        return 'x';
      }
    });
    expect(outcomes).toStrictEqual(['x', 'ok', 'x', 'ok', 'ok', 'ok']);
    expect(handler.calls).toBe(6);
  });

  it('may have a script of its own for each event', () => {
    const handler = flaky<string>((event) => event, 'x ok', { per: 'event' });
    const call = (event: string): unknown => {
      try {
        return handler(event, context());
      } catch (error) {
        return String(error);
      }
    };
    expect(['a', 'b', 'a', 'b', 'a', 'c'].map(call)).toStrictEqual([
      'Error: Call 1 failed, as its script says.',
      'Error: Call 2 failed, as its script says.',
      'a',
      'b',
      'a',
      'Error: Call 6 failed, as its script says.',
    ]);
  });

  it('follows its script as a model says, whatever the script', () => {
    const script = fc.array(fc.constantFrom('ok', 'x'), { minLength: 1, maxLength: 6 });
    const events = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 });
    fc.assert(
      fc.property(script, events, fc.constantFrom('call', 'event'), (words, calls, per) => {
        const handler = flaky<string>(() => 'ok', words.join(' '), { per });
        const seen = new Map<string, number>();
        for (const [index, event] of calls.entries()) {
          const turn = per === 'call' ? index : (seen.get(event) ?? 0);
          seen.set(event, turn + 1);
          const isFailure = words[Math.min(turn, words.length - 1)] === 'x';
          if (isFailure) expect(() => handler(event, context())).toThrow(`Call ${index + 1} failed`);
          else expect(handler(event, context())).toBe('ok');
        }
      }),
    );
  });

  it('fails with the error that it is given', () => {
    const handler = flaky(() => {}, 'x', { error: (call) => new RangeError(`call ${call}`) });
    expect(() => handler('event', context())).toThrow(new RangeError('call 1'));
    expect(() => handler('event', context())).toThrow(new RangeError('call 2'));
  });

  it('takes any delay that a timer can keep', () => {
    for (const delayMs of [0, 1e-7, 0.5, 2_147_483_647]) expect(() => delayed(() => {}, delayMs)).not.toThrow();
  });

  it('passes on what the handler returns, throws and rejects, also after a time', async () => {
    const observable = of(1);
    expect(flaky(() => observable, 'ok')('event', context())).toBe(observable);
    const broken = async (): Promise<never> => Promise.reject(new Error('broken'));
    const test = virtualTest(async () => {
      await expect(flaky(broken, 'ok@5ms')('event', context())).rejects.toThrow('broken');
      await expect(flaky(broken, 'ok')('event', context())).rejects.toThrow('broken');
    });
    await test();
  });

  it('takes a handler that is an object, and hands event and context over', () => {
    const handler = { greeting: 'hello', handle: (name: string, { attempt }: HandlerContext) => `${name} ${attempt}` };
    expect(flaky(handler, 'ok')('ada', context())).toBe('ada 1');
  });

  it('tells the time of the scheduler that it is given', () => {
    const scheduler = new TestScheduler(() => {});
    const handle = vi.fn();
    const calls = [delayed(handle, 20, { scheduler }), flaky(handle, 'ok@20ms', { scheduler })];
    for (const call of calls) void call('event', context());
    expect(handle).not.toHaveBeenCalled();
    scheduler.flush();
    expect(scheduler.now()).toBe(20);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it(
    'is what a bus and a processor take',
    virtualTest(async ({ time }) => {
      const handled: unknown[] = [];
      const bus = createEventBus();
      bus.on(
        Tick,
        flaky(({ data }, { attempt }) => handled.push([data, attempt]), 'x@1ms x ok@3ms'),
        {
          retry: { maxAttempts: 3, delayMs: 10, multiplier: 1 },
        },
      );
      expect(await bus.publish(Tick, 7)).toMatchObject({ ok: true, handlers: [{ attempts: 3 }] });
      expect(handled).toStrictEqual([[7, 3]]);
      expect(time.now).toBe(24);

      const processor = createProcessor<string>(hanging(), { timeoutMs: 50 });
      processor.trySend('a');
      await time.advance(50);
      expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
    }),
  );
});

describe('a script', () => {
  it.each([
    { script: 'ok okay', at: 3, word: 'okay' },
    { script: 'x@20', at: 0, word: 'x@20' },
    { script: 'ok  ok@ms', at: 4, word: 'ok@ms' },
    { script: 'x ok@-5ms', at: 2, word: 'ok@-5ms' },
    { script: 'hang@5ms', at: 0, word: 'hang@5ms' },
    { script: 'ok,x', at: 0, word: 'ok,x' },
    { script: 'x OK', at: 2, word: 'OK' },
    { script: 'ok@5h', at: 0, word: 'ok@5h' },
  ])('with an unknown word shows where: $script', ({ script, at, word }) => {
    const make = (): unknown => flaky(() => {}, script);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(
      `Expected a word of a script, got '${word}' at ${at}. The words are 'ok', 'x' (fails) and 'hang'`,
    );
    expect(make).toThrow(`\n  ${script}\n  ${' '.repeat(at)}^`);
  });

  it.each([
    ['', "''"],
    ['  ', "'  '"],
    [undefined, 'undefined'],
    [3, '3'],
  ])('needs a word, and not %j', (script, shown) => {
    expect(() => flaky(() => {}, script as string)).toThrow(`Expected a script such as 'x x ok', got ${shown}.`);
  });

  it('has no time that would be over at once, as a timer cannot keep it', () => {
    expect(() => flaky(() => {}, 'x ok@40000m')).toThrow(
      "Expected a time that a timer can keep, got 'ok@40000m' at 2.",
    );
  });

  it('needs a handler, and options that can work', () => {
    expect(() => flaky(undefined as never, 'ok')).toThrow('Expected a handler to be a function or an object');
    expect(() => flaky(() => {}, 'ok', { per: 'handler' as never })).toThrow(
      "Expected per to be one of 'call', 'event', got 'handler'",
    );
    for (const delayMs of [-1, NaN, Infinity, 3e9, '5']) {
      expect(() => delayed(() => {}, delayMs as number)).toThrow('Expected delayMs to be milliseconds ≥ 0');
    }
  });
});
