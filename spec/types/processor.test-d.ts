import {
  type AcceptedEvent,
  createDeadLetterQueue,
  createProcessor,
  type HandlerContext,
  type Probe,
  type Processor,
  type RetryPolicy,
  type Settlement,
} from 'millrace';
import { of } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

interface Job {
  readonly path: string;
}

describe('createProcessor', () => {
  it('infers its item from the handler', () => {
    const processor = createProcessor((job: Job) => job.path);
    expectTypeOf(processor).toEqualTypeOf<Processor<Job>>();
    expectTypeOf(processor.trySend({ path: 'a.png' })).toEqualTypeOf<boolean>();
    expectTypeOf(processor.send({ path: 'a.png' })).toEqualTypeOf<Promise<AcceptedEvent>>();
    // @ts-expect-error another item
    processor.trySend('a.png');
    // @ts-expect-error another item
    void processor.send({ file: 'a.png' });
  });

  it('takes handlers that return nothing, a value, a promise or an Observable, as functions or objects', () => {
    createProcessor<Job>(() => undefined);
    createProcessor<Job>(({ path }) => path.length);
    createProcessor<Job>(async ({ path }) => path);
    createProcessor<Job>(({ path }) => of(path));
    createProcessor<Job>({
      handle(job, context) {
        expectTypeOf(job).toEqualTypeOf<Job>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
      },
    });
    // @ts-expect-error no handler
    createProcessor<Job>('resize');
    // @ts-expect-error an object without handle
    createProcessor<Job>({ run: () => undefined });
  });

  it('has no emit in its context: that is of a bus', () => {
    createProcessor<Job>((_, context) => {
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      // @ts-expect-error only handlers of a bus can emit
      context.emit;
    });
  });

  it('infers the item of its options', () => {
    createProcessor<Job>(() => undefined, {
      key: (job) => job.path,
      deadLetters: createDeadLetterQueue<Job>(),
      retry: { maxAttempts: 3, delayMs: (attempt, error) => (error instanceof Error ? attempt : 0) },
    });
    // @ts-expect-error no such property
    createProcessor<Job>(() => undefined, { key: (job) => job.file });
    // @ts-expect-error letters of something else
    createProcessor<Job>(() => undefined, { deadLetters: createDeadLetterQueue<number>() });
    // @ts-expect-error no such option
    createProcessor<Job>(() => undefined, { maxConcurrency: 5 });
  });

  it('tells how an event ended', () => {
    createProcessor<Job>(() => undefined).trySend({ path: 'a.png' }, (settlement) => {
      expectTypeOf(settlement).toEqualTypeOf<Settlement>();
    });
  });
});

describe('a retry policy', () => {
  it('has closed choices', () => {
    expectTypeOf<RetryPolicy['jitter']>().toEqualTypeOf<'equal' | 'full' | 'none' | undefined>();
    // @ts-expect-error no such jitter
    const jitter: RetryPolicy = { jitter: 'half' };
    // @ts-expect-error a delay is a number
    const delayed: RetryPolicy = { delayMs: '1s' };
    expectTypeOf([jitter, delayed]).toBeArray();
  });
});

describe('a probe', () => {
  it('may have any of the callbacks, and no other', () => {
    const probe: Probe = {
      settled: ({ handler, attempts }, { outcome }) => {
        expectTypeOf(handler).toEqualTypeOf<string>();
        expectTypeOf(attempts).toEqualTypeOf<number>();
        expectTypeOf(outcome).toEqualTypeOf<'dead' | 'dropped' | 'handled' | 'rejected'>();
      },
      around: (_, call) => call(),
    };
    // @ts-expect-error no such callback
    const wrong: Probe = { finished: () => undefined };
    // @ts-expect-error around must return what call returns
    const forgetful: Probe = { around: (_, call) => void call() };
    expectTypeOf([probe, wrong, forgetful]).toBeArray();
  });
});
