/* oxlint-disable unicorn/no-thenable -- thenables are among the forms */
import {
  type AcceptedEvent,
  createProcessor,
  type DeadLetter,
  type Handler,
  InvalidOptionError,
  type Processor,
  type ProcessorOptions,
  type ProcessorStats,
} from 'millrace';
import { virtualTest, type VirtualTime } from 'millrace/testing';
import { concat, EMPTY, NEVER, Observable, of, Subject, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { settled } from '../support/virtual-clock.ts';

/** How an event reaches a handler: an idle one is called at once, unless somebody wants to be told the end. */
const PATHS = [
  { path: 'called at once', onSettled: undefined },
  { path: 'queued', onSettled: () => undefined },
];

/** Handles one event and lets all promises settle. */
async function outcomeOf(
  handler: Handler<string>,
  onSettled: (() => undefined) | undefined,
  time: VirtualTime,
): Promise<{ stats: ProcessorStats; letters: DeadLetter<string>[] }> {
  const letters: DeadLetter<string>[] = [];
  const processor = createProcessor(handler);
  processor.deadLetters.subscribe((letter) => letters.push(letter));
  processor.trySend('event', onSettled);
  await time.settle();
  return { stats: processor.stats(), letters };
}

const thenable = (then: PromiseLike<unknown>['then']): PromiseLike<unknown> => ({ then });

describe.each(PATHS)('a handler that is $path', ({ onSettled }) => {
  it.each<{ form: string; handler: Handler<string> }>([
    { form: 'returns nothing', handler: () => undefined },
    { form: 'returns a number', handler: () => 0 },
    { form: 'returns null', handler: () => null },
    { form: 'returns an array', handler: () => ['a'] },
    { form: 'returns an object', handler: () => ({ then: 'is no function' }) },
    { form: 'returns a function', handler: () => () => undefined },
    { form: 'returns a promise', handler: () => Promise.resolve('value') },
    { form: 'is async', handler: async () => Promise.resolve() },
    { form: 'returns a thenable', handler: () => thenable((resolve) => resolve?.('value') as never) },
    { form: 'returns an Observable', handler: () => of(1, 2, 3) },
    { form: 'returns an empty Observable', handler: () => EMPTY },
    { form: 'is an object with handle', handler: { handle: () => undefined } },
  ])(
    'has handled the event when it $form',
    virtualTest(async ({ time }, { handler }) => {
      const { stats, letters } = await outcomeOf(handler, onSettled, time);
      expect(stats).toMatchObject({ accepted: 1, handled: 1, pending: 0 });
      expect(letters).toEqual([]);
    }),
  );

  it.each<{ form: string; handler: Handler<string>; error: unknown }>([
    {
      form: 'throws',
      error: 'no',
      handler: () => {
        throw 'no';
      },
    },
    {
      form: 'throws undefined',
      error: undefined,
      handler: () => {
        throw undefined;
      },
    },
    { form: 'rejects', error: 'no', handler: () => Promise.reject('no') },
    { form: 'rejects with undefined', error: undefined, handler: () => Promise.reject(undefined) },
    {
      form: 'returns a thenable that rejects',
      error: 'no',
      handler: () => thenable((_, reject) => reject?.('no') as never),
    },
    {
      form: 'returns a thenable that throws',
      error: 'no',
      handler: () =>
        thenable(() => {
          throw 'no';
        }),
    },
    { form: 'errors its Observable', error: 'no', handler: () => throwError(() => 'no') },
    { form: 'errors its Observable with undefined', error: undefined, handler: () => throwError(() => undefined) },
    {
      form: 'errors its Observable after a value',
      error: 'no',
      handler: () =>
        concat(
          of(1),
          throwError(() => 'no'),
        ),
    },
    {
      form: 'returns an Observable whose subscription throws',
      error: 'no',
      handler: () =>
        new Observable(() => {
          throw 'no';
        }),
    },
    {
      form: 'is an object whose handle throws',
      error: 'no',
      handler: {
        handle: () => {
          throw 'no';
        },
      },
    },
  ])(
    'leaves a dead letter with the error when it $form',
    virtualTest(async ({ time }, { handler, error }) => {
      const { stats, letters } = await outcomeOf(handler, onSettled, time);
      expect(stats).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
      expect(letters).toMatchObject([
        { event: 'event', reason: 'exhausted', error, attempts: [{ attempt: 1, error }] },
      ]);
    }),
  );

  it.each<{ form: string; result: () => unknown }>([
    {
      form: 'whose then cannot be read',
      result: () => ({
        get then() {
          throw new Error('unreadable');
        },
      }),
    },
    {
      form: 'that is a revoked proxy',
      result: () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    },
    {
      form: 'that only looks like an Observable',
      result: () => ({
        lift: () => undefined,
        subscribe: () => {
          throw new Error('foreign');
        },
      }),
    },
  ])(
    'harms only its own event when it returns something $form',
    virtualTest(async ({ time }, { result }) => {
      const processor = createProcessor<string>((event) => (event === 'bad' ? result() : undefined));
      expect(() => processor.trySend('bad', onSettled)).not.toThrow();
      expect(() => processor.trySend('good', onSettled)).not.toThrow();
      await time.settle();
      expect(processor.stats()).toMatchObject({ accepted: 2, handled: 1, dead: 1, pending: 0 });
    }),
  );

  it.each<{ form: string; handler: Handler<string> }>([
    { form: 'a promise', handler: () => new Promise(() => undefined) },
    { form: 'an Observable', handler: () => concat(of(1), NEVER) },
  ])(
    'is still at work while $form has not ended',
    virtualTest(async ({ time }, { handler }) => {
      const { stats } = await outcomeOf(handler, onSettled, time);
      expect(stats).toMatchObject({ handled: 0, dead: 0, pending: 1, running: 1 });
    }),
  );

  it.each([
    { again: 'resolves twice', answer: (resolve: () => void) => [resolve(), resolve()] },
    { again: 'resolves and rejects', answer: (resolve: () => void, reject: () => void) => [resolve(), reject()] },
  ])(
    'counts once when its thenable $again',
    virtualTest(async ({ time }, { answer }) => {
      const { stats } = await outcomeOf(() => thenable(answer as never), onSettled, time);
      expect(stats).toMatchObject({ accepted: 1, handled: 1, dead: 0, pending: 0, late: 0 });
    }),
  );

  it(
    'counts once when its promise is of a class that tells twice: its call is at another event by then',
    virtualTest(async ({ time }) => {
      class Twice extends Promise<void> {
        // oxlint-disable-next-line unicorn/no-thenable -- that is its fault
        override then<First = void, Second = never>(
          onFulfilled?: ((value: void) => First | PromiseLike<First>) | null,
          onRejected?: ((reason: unknown) => Second | PromiseLike<Second>) | null,
        ): Promise<First | Second> {
          void settled().then(() => onFulfilled?.());
          return super.then(onFulfilled, onRejected);
        }
      }
      const processor = createProcessor<string>((event) => (event === 'a' ? Twice.resolve() : NEVER));
      processor.trySend('a', onSettled);
      processor.trySend('b', onSettled);
      await time.settle();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 1, running: 1, pending: 1 });
    }),
  );

  it(
    'handles an event that another processor accepted as any other',
    virtualTest(async ({ time }) => {
      const accepted = await createProcessor<string>(() => undefined).send('a');
      await accepted.settled;
      const letters: DeadLetter<AcceptedEvent>[] = [];
      const processor = createProcessor<AcceptedEvent>(() => Promise.reject('no'), { name: 'watches ends' });
      processor.deadLetters.subscribe((letter) => letters.push(letter));
      processor.trySend(accepted, onSettled);
      await time.settle();
      expect(letters).toMatchObject([{ handler: 'watches ends', reason: 'exhausted', attempts: [{ error: 'no' }] }]);
      expect(letters[0]!.event).toBe(accepted);
      expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
    }),
  );

  it(
    'is done when a function that has a handle returns',
    virtualTest(async ({ time }) => {
      const handler = Object.assign(() => undefined, { handle: () => Promise.reject(new Error('not called')) });
      const { stats } = await outcomeOf(handler, onSettled, time);
      expect(stats).toMatchObject({ handled: 1, dead: 0 });
    }),
  );

  it(
    'keeps its this, as an object',
    virtualTest(async ({ time }) => {
      class Counter {
        #count = 0;
        handle(): void {
          this.#count++;
        }
        get count(): number {
          return this.#count;
        }
      }
      const counter = new Counter();
      await outcomeOf(counter, onSettled, time);
      expect(counter.count).toBe(1);
    }),
  );

  it(
    'gets the context as an object too',
    virtualTest(async ({ time }) => {
      const attempts: number[] = [];
      await outcomeOf({ handle: (_event, { attempt }) => attempts.push(attempt) }, onSettled, time);
      expect(attempts).toEqual([1]);
    }),
  );
});

describe('a handler', () => {
  it('is called once for each event, whatever its Observable emits', () => {
    const values$ = new Subject<number>();
    let calls = 0;
    const processor = createProcessor<string>(() => {
      calls++;
      return values$;
    });
    processor.trySend('event');
    values$.next(1);
    values$.next(2);
    expect(processor.stats()).toMatchObject({ handled: 0, pending: 1 });
    values$.complete();
    expect(processor.stats()).toMatchObject({ handled: 1, pending: 0 });
    expect(calls).toBe(1);
  });

  it.each<{ stop: string; options: ProcessorOptions<string>; by: (processor: Processor<string>) => unknown }>([
    { stop: 'timed out', options: { timeoutMs: 5 }, by: () => undefined },
    { stop: 'superseded', options: { strategy: 'switch' }, by: (processor) => processor.trySend('b') },
    { stop: 'closed', options: {}, by: (processor) => processor.close() },
  ])('harms nothing when its teardown throws as it is $stop', ({ options, by }) => {
    const scheduler = new VirtualTimeScheduler();
    const handle = (event: string): unknown =>
      new Observable(() => () => {
        if (event === 'a') throw new Error('teardown');
      });
    const processor = createProcessor(handle, { ...options, scheduler });
    processor.errors.subscribe();
    processor.trySend('a');
    expect(() => by(processor)).not.toThrow();
    expect(() => scheduler.flush()).not.toThrow();
    processor.close();
    const { accepted, dead, dropped, pending } = processor.stats();
    expect({ ended: dead + dropped, pending }).toEqual({ ended: accepted, pending: 0 });
  });

  it.each([undefined, null, 42, 'text', {}, { handle: 'text' }, []])('must be callable, unlike %o', (handler) => {
    const make = (): unknown => createProcessor(handler as never);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(
      expect.objectContaining({
        code: 'INVALID_HANDLER',
        message: expect.stringMatching(
          /^Expected a handler to be a function or an object with handle\(event, context\), got /,
        ) as string,
      }),
    );
  });
});
