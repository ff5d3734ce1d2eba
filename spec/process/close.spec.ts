import { createDeadLetterQueue, createProcessor, type DeadLetter, type HandlerContext } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER, Observable, Subject, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { type Path, PATHS } from '../support/paths.ts';
import { playing, watch } from '../support/watch.ts';

describe('close', () => {
  it(
    'abandons what runs, what waits and what is between attempts, each with a letter',
    marbles((m) => {
      const events = '  abcd';
      const close = '   ----x';
      const started = ' abc';
      const letters = ' ----(BCAD)';
      const { processor, started$, letters$, send } = watch(playing(m, { a: '#', b: '-', c: '-' }), {
        concurrency: 2,
        retry: { delayMs: 9 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(close).subscribe(() => processor.close());
      m.expect(started$).toBeObservable(started);
      const abandoned = { A: 'a abandoned', B: 'b abandoned', C: 'c abandoned', D: 'd abandoned' };
      m.expect(letters$).toBeObservable(letters, abandoned);
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'closed', accepted: 4, dead: 4, pending: 0 });
    }),
  );

  it.each(PATHS)(
    'unsubscribes the Observables at work ($path)',
    marbles((m, { via }: Path) => {
      const work$ = m.cold('     a-b-c-d-e');
      const close = '            ---x';
      const subscription = '     ^--!';
      const { processor, [via]: send } = watch<string>(() => work$, { scheduler: m.scheduler });
      send('a');
      m.hot(close).subscribe(() => processor.close());
      m.expect(work$).toHaveSubscriptions(subscription);
    }),
  );

  it('leaves letters that say ABANDONED, what to do, and what was attempted', () => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send } = watch<string>(() => throwError(() => 'no'), { name: 'mail', retry: {}, scheduler });
    const letters: DeadLetter<string>[] = [];
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    send('a');
    processor.close();
    expect(letters).toMatchObject([{ event: 'a', handler: 'mail', reason: 'abandoned', attempts: [{ error: 'no' }] }]);
    expect(letters[0]!.error).toMatchObject({
      code: 'ABANDONED',
      message:
        "Expected handler 'mail' to finish its events, but it was closed first. Redrive the letter, or drain() with a later deadline.",
    });
  });

  it('keeps the order of what waited', () => {
    const { processor, send, letters$ } = watch<string>(() => NEVER, {});
    const letters: string[] = [];
    letters$.subscribe((letter) => letters.push(letter));
    for (const event of ['a', 'b', 'c', 'd']) send(event);
    processor.close();
    expect(letters).toEqual(['a abandoned', 'b abandoned', 'c abandoned', 'd abandoned']);
  });

  it('leaves neither a timer nor a subscription', () => {
    const scheduler = new VirtualTimeScheduler();
    const work$ = new Subject<never>();
    const { processor, send } = watch<string>((event) => (event === 'fails' ? throwError(() => 'no') : work$), {
      concurrency: 2,
      timeoutMs: 50,
      retry: { delayMs: 70 },
      breaker: { failureThreshold: 1, resetAfterMs: 90 },
      scheduler,
    });
    for (const event of ['runs', 'fails', 'is held back']) send(event);
    void processor.drain({ deadlineMs: 110 });
    // Its time limit, its retry, the circuit's trial, the drain's deadline.
    expect(scheduler.actions).toHaveLength(4);
    expect(work$.observed).toBe(true);
    processor.close();
    expect(scheduler.actions).toHaveLength(0);
    expect(work$.observed).toBe(false);
    expect(processor.stats()).toMatchObject({ dead: 3, pending: 0 });
  });

  it(
    'makes no attempt any more, whatever comes',
    virtualTest(async ({ time }) => {
      const scheduler = new VirtualTimeScheduler();
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send } = watch(held.handle, { retry: {}, concurrency: 2, scheduler });
      for (const event of ['a', 'b', 'c', 'd']) send(event);
      held.call(0).fail('once');
      await time.settle();
      expect(held.calls).toHaveLength(3);
      processor.close();
      for (const call of held.calls) call.succeed();
      await time.settle();
      scheduler.flush();
      await time.settle();
      expect(held.calls).toHaveLength(3);
      expect(processor.stats()).toMatchObject({ handled: 0, dead: 4, pending: 0, late: 2 });
    }),
  );

  it(
    'counts what comes late, and reports nothing: nobody waited in vain',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send, errors } = watch(held.handle, {});
      send('a');
      processor.close();
      held.call(0).fail('aborted');
      await time.settle();
      expect(processor.stats()).toMatchObject({ dead: 1, late: 1 });
      expect(errors).toEqual([]);
    }),
  );

  it('closes once', () => {
    const { processor, send, letters$ } = watch<string>(() => NEVER, {});
    const letters: string[] = [];
    letters$.subscribe((letter) => letters.push(letter));
    send('a');
    processor.close();
    processor.close();
    processor[Symbol.dispose]();
    expect(letters).toEqual(['a abandoned']);
    expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
  });

  it('is what `using` does at the end of its block', () => {
    const work$ = new Subject<never>();
    {
      using processor = createProcessor<string>(() => work$);
      processor.trySend('a');
      expect(work$.observed).toBe(true);
    }
    expect(work$.observed).toBe(false);
  });

  it.each(
    PATHS.flatMap((path) =>
      ['nothing', 'a promise', 'an Observable', 'an error'].map((result) => ({
        path: path.path,
        via: path.via,
        result,
      })),
    ),
  )(
    'ends the event once whose own handler closes the processor and gives $result ($path)',
    virtualTest(async ({ time }, { via, result }) => {
      const work$ = new Subject<never>();
      const { processor, [via]: send } = watch<string>(
        () => {
          processor.close();
          if (result === 'an error') throw new Error('no');
          if (result === 'a promise') return Promise.resolve();
          return result === 'an Observable' ? work$ : undefined;
        },
        { timeoutMs: 10, retry: {} },
      );
      send('a');
      await time.settle();
      const { accepted, handled, dead, pending } = processor.stats();
      expect({ accepted, ended: handled + dead, pending }).toEqual({ accepted: 1, ended: 1, pending: 0 });
      expect(await processor.deadLetters.list()).toHaveLength(dead);
      expect(work$.observed).toBe(false);
    }),
  );

  it.each<{ where: string; make: (close: () => void) => (processor: ReturnType<typeof watch<string>>) => void }>([
    {
      where: 'a settlement',
      make:
        (close) =>
        ({ ended$ }) =>
          void ended$.subscribe(close),
    },
    {
      where: 'a dead letter',
      make:
        (close) =>
        ({ letters$ }) =>
          void letters$.subscribe(close),
    },
  ])('may be called by whoever is told of $where', ({ make }) => {
    const scheduler = new VirtualTimeScheduler();
    const watched = watch<string>(() => throwError(() => 'no'), { concurrency: 2, scheduler });
    make(() => watched.processor.close())(watched);
    watched.processor.pause();
    for (const event of ['a', 'b', 'c']) watched.send(event);
    watched.processor.resume();
    expect(watched.processor.stats()).toMatchObject({ state: 'closed', accepted: 3, dead: 3, pending: 0 });
    expect(scheduler.actions).toHaveLength(0);
  });

  it.each<{ how: string; end: (work$: Subject<never>) => void; letters: string[] }>([
    { how: 'well', end: (work$) => work$.complete(), letters: ['a abandoned'] },
    { how: 'badly', end: (work$) => work$.error('no'), letters: ['b abandoned', 'a abandoned'] },
  ])('ends an event once that the abort of another one ends, $how', ({ end, letters }) => {
    const work$ = new Subject<never>();
    const { processor, send, ended$, letters$ } = watch<string>(
      (event) => (event === 'a' ? new Observable(() => () => end(work$)) : work$),
      { concurrency: 2 },
    );
    const ends: string[] = [];
    const seen: string[] = [];
    ended$.subscribe((each) => ends.push(each));
    letters$.subscribe((letter) => seen.push(letter));
    for (const event of ['a', 'b']) send(event);
    processor.close();
    expect(seen).toEqual(letters);
    expect(ends).toHaveLength(2);
    expect(processor.stats()).toMatchObject({ accepted: 2, dead: letters.length, pending: 0 });
  });

  it(
    'keeps a letter on its way to a store: the event is dead when it is kept',
    virtualTest(async ({ time }) => {
      let store: () => void = () => undefined;
      const deadLetters = createDeadLetterQueue<string>({
        store: { add: () => new Promise((resolve) => (store = resolve)), remove: () => undefined, list: () => [] },
      });
      const { processor, send, ended$ } = watch<string>(() => throwError(() => 'no'), { deadLetters });
      const ends: string[] = [];
      ended$.subscribe((end) => ends.push(end));
      send('a');
      processor.close();
      store();
      await time.settle();
      expect(ends).toEqual(['a dead exhausted']);
      expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
    }),
  );
});
