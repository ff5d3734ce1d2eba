import { createProcessor, type Handler, type HandlerContext, HandlerTimeoutError, MillraceError } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { NEVER, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A handler that keeps the context of each call, and ends as `end` says. */
function keeping(
  contexts: HandlerContext[],
  end: (event: string) => unknown = () => undefined,
): (event: string, context: HandlerContext) => unknown {
  return (event, context) => {
    contexts.push(context);
    return end(event);
  };
}

const hang = (): Promise<void> => new Promise(() => undefined);

type End = (event: string) => unknown;

/** Handlers that can see their context, though their `length` does not say so. */
const HIDDEN: readonly { form: string; make: (contexts: HandlerContext[], end: End) => Handler<string> }[] = [
  {
    form: 'rest parameters',
    make:
      (contexts, end) =>
      (...all: [string, HandlerContext]) =>
        keeping(contexts, end)(...all),
  },
  {
    form: 'a default',
    make:
      (contexts, end) =>
      (event: string, context: HandlerContext = undefined as never) =>
        keeping(contexts, end)(event, context),
  },
  {
    form: 'arguments',
    make: (contexts, end) =>
      function handle() {
        const [event, context] = arguments as unknown as [string, HandlerContext];
        return keeping(contexts, end)(event, context);
      },
  },
  { form: 'a mock', make: (contexts, end) => vi.fn(keeping(contexts, end)) },
  {
    form: 'an object whose handle has rest parameters',
    make: (contexts, end) => ({ handle: (...all: [string, HandlerContext]) => keeping(contexts, end)(...all) }),
  },
];

describe('the context of a handler', () => {
  it('says which attempt it is, from 1', () => {
    const scheduler = new VirtualTimeScheduler();
    const attempts: number[] = [];
    const processor = createProcessor<string>(
      (_event, { attempt }) => {
        attempts.push(attempt);
        throw new Error('no');
      },
      { retry: { maxAttempts: 3 }, scheduler },
    );
    processor.trySend('a');
    scheduler.flush();
    expect(attempts).toEqual([1, 2, 3]);
  });

  it(
    'makes no AbortController while nobody reads the signal',
    virtualTest(async ({ time }) => {
      let made = 0;
      class CountingController extends AbortController {
        constructor() {
          super();
          made++;
        }
      }
      vi.stubGlobal('AbortController', CountingController);
      const contexts: HandlerContext[] = [];
      const processor = createProcessor(keeping(contexts, hang), { timeoutMs: 5, concurrency: 2 });
      processor.trySend('a');
      processor.trySend('b', () => undefined);
      await time.advance(5);
      processor.close();
      expect(made).toBe(0);
      expect(contexts[0]!.signal.aborted).toBe(true);
      expect(made).toBe(1);
    }),
  );

  it('has one signal, however often it is read', () => {
    const contexts: HandlerContext[] = [];
    createProcessor(keeping(contexts, hang)).trySend('a');
    expect(contexts[0]!.signal).toBe(contexts[0]!.signal);
  });

  it('has a signal of its own for each attempt', () => {
    const scheduler = new VirtualTimeScheduler();
    const signals: AbortSignal[] = [];
    const handle = (_event: string, { signal }: HandlerContext): unknown => {
      signals.push(signal);
      return NEVER;
    };
    createProcessor(handle, { retry: { maxAttempts: 2 }, timeoutMs: 10, scheduler }).trySend('a');
    scheduler.maxFrames = 115;
    scheduler.flush();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it.each([
    { read: 'before', early: true },
    { read: 'after', early: false },
  ])('has a signal that is aborted with a HandlerTimeoutError when the time is over, read $read it', ({ early }) => {
    const scheduler = new VirtualTimeScheduler();
    const contexts: HandlerContext[] = [];
    createProcessor(keeping(contexts, hang), { name: 'slow', timeoutMs: 10, scheduler }).trySend('a');
    if (early) expect(contexts[0]!.signal.aborted).toBe(false);
    scheduler.flush();
    const { signal } = contexts[0]!;
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(HandlerTimeoutError);
    expect(signal.reason).toMatchObject({
      code: 'TIMEOUT',
      message: "Expected handler 'slow' to end within 10 ms, got no result. Raise timeoutMs or heed context.signal.",
    });
  });

  it('has a signal that is aborted as ABANDONED when the processor closes', () => {
    const contexts: HandlerContext[] = [];
    const processor = createProcessor(keeping(contexts, hang), { name: 'closing' });
    processor.trySend('a');
    const { signal } = contexts[0]!;
    processor.close();
    expect(signal.reason).toBeInstanceOf(MillraceError);
    expect(signal.reason).toMatchObject({ code: 'ABANDONED', message: expect.stringContaining("'closing'") as string });
  });

  it('has a signal that is aborted as SUPERSEDED when a newer event takes its place', () => {
    const contexts: HandlerContext[] = [];
    const processor = createProcessor(keeping(contexts, hang), { name: 'search', strategy: 'switch' });
    processor.trySend('a');
    processor.trySend('b');
    expect(contexts[0]!.signal.reason).toMatchObject({
      code: 'SUPERSEDED',
      message: expect.stringContaining("'search'") as string,
    });
    expect(contexts[1]!.signal.aborted).toBe(false);
  });

  it.each<{ end: string; result: () => unknown }>([
    { end: 'at once', result: () => undefined },
    { end: 'later', result: () => Promise.resolve() },
  ])(
    'has a signal that is never aborted once the handler has ended, $end',
    virtualTest(async ({ time }, { result }) => {
      const contexts: HandlerContext[] = [];
      const processor = createProcessor(
        keeping(contexts, (event) => (event === 'hang' ? hang() : result())),
        { timeoutMs: 1_000 },
      );
      processor.trySend('a');
      await time.settle();
      const { signal } = contexts[0]!;
      processor.trySend('hang');
      processor.close();
      expect(contexts[1]!.signal.aborted).toBe(true);
      expect(signal.aborted).toBe(false);
    }),
  );

  it('is the one whose signal is aborted, even of an event that is undefined', () => {
    const contexts: HandlerContext[] = [];
    const handle = (_event: undefined, context: HandlerContext): unknown => {
      contexts.push(context);
      return NEVER;
    };
    const processor = createProcessor<undefined>(handle, { timeoutMs: 5, scheduler: new VirtualTimeScheduler() });
    processor.trySend(undefined);
    processor.close();
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  it.each(HIDDEN)("is one call's own, also with $form", ({ make }) => {
    const contexts: HandlerContext[] = [];
    const processor = createProcessor(make(contexts, () => undefined));
    for (const event of ['a', 'b', 'c']) processor.trySend(event);
    expect(contexts).toHaveLength(3);
    expect(new Set(contexts).size).toBe(3);
  });

  it.each(HIDDEN)("does not show another event's abort when it was kept, also with $form", ({ make }) => {
    const scheduler = new VirtualTimeScheduler();
    const contexts: HandlerContext[] = [];
    const handler = make(contexts, (event) => (event === 'b' ? hang() : undefined));
    const processor = createProcessor(handler, { timeoutMs: 5, scheduler });
    processor.trySend('a');
    const { signal } = contexts[0]!;
    processor.trySend('b');
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ handled: 1, dead: 1 });
    expect(contexts[1]!.signal.aborted).toBe(true);
    expect([signal.aborted, contexts[0]!.signal.aborted]).toEqual([false, false]);
  });
});
