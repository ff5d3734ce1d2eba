import {
  batch,
  type BatchPolicy,
  circuitBreaker,
  type CircuitOpenError,
  type ClosedError,
  type DeadLetterSink,
  deadLetterTo,
  deduplicate,
  type ErrorCode,
  mergeMapByKey,
  type MillraceError,
  rateLimit,
  type RateLimitOptions,
  retryWithBackoff,
  type SchemaError,
  type SchemaIssue,
} from 'millrace';
import { map, of, type Observable, type OperatorFunction, Subject } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

describe('the operators', () => {
  const orders$ = of({ id: 'o1', total: 1 });

  it('pass values on with their type', () => {
    const all$ = orders$.pipe(retryWithBackoff({ maxAttempts: 3 }), circuitBreaker({ failureThreshold: 5 }));
    expectTypeOf(all$).toEqualTypeOf<Observable<{ id: string; total: number }>>();
    // @ts-expect-error no such option
    orders$.pipe(retryWithBackoff({ attempts: 3 }));
    // @ts-expect-error a threshold is a number
    orders$.pipe(circuitBreaker({ failureThreshold: '5' }));
  });

  it('hand letters of the sink’s type to it', () => {
    interface Letter {
      readonly order: string;
      readonly error: unknown;
    }
    const letters = new Subject<Letter>();
    expectTypeOf(letters).toExtend<DeadLetterSink<Letter>>();
    const dead$ = orders$.pipe(deadLetterTo(letters, (error) => ({ order: 'o1', error })));
    expectTypeOf(dead$).toEqualTypeOf<Observable<{ id: string; total: number }>>();
    // @ts-expect-error another letter
    orders$.pipe(deadLetterTo(letters, (error) => ({ error })));
    // @ts-expect-error no sink
    orders$.pipe(deadLetterTo([], (error) => error));
  });

  it('deduplicate by a key of the value, and give out what the work gives', () => {
    const save = async (order: { id: string }): Promise<Date> => new Date(order.id);
    expectTypeOf(orders$.pipe(deduplicate(({ id }) => id, save))).toEqualTypeOf<Observable<Date>>();
    const cheap = async (order: { total: number }): Promise<Date> => new Date(order.total);
    const told$ = orders$.pipe(
      deduplicate(({ id }) => id, cheap, { onDuplicate: (order: unknown) => console.log(order) }),
    );
    expectTypeOf(told$).toEqualTypeOf<Observable<Date>>();
    const either$ = orders$.pipe(
      deduplicate(
        ({ id }) => id,
        ({ id, total }) => (total > 0 ? of(id) : Promise.resolve(total)),
      ),
    );
    expectTypeOf(either$).toEqualTypeOf<Observable<number | string>>();
    const rename = async (order: { name: string }): Promise<string> => order.name;
    // @ts-expect-error the work takes something else
    orders$.pipe(deduplicate(({ id }: { id: string }) => id, rename));
    // @ts-expect-error the work is missing
    orders$.pipe(deduplicate(({ id }: { id: string }) => id));
  });

  it('gather values into arrays', () => {
    const policy: BatchPolicy = { maxSize: 10, maxWaitMs: 100 };
    expectTypeOf(orders$.pipe(batch(policy))).toEqualTypeOf<Observable<{ id: string; total: number }[]>>();
    expectTypeOf(of(1, 'a').pipe(batch())).toEqualTypeOf<Observable<(number | string)[]>>();
    expectTypeOf(batch<string>()).toEqualTypeOf<OperatorFunction<string, string[]>>();
    // @ts-expect-error no such option
    orders$.pipe(batch({ size: 10 }));
    // @ts-expect-error a size is a number
    orders$.pipe(batch({ maxSize: '10' }));
    // @ts-expect-error a policy is read-only
    policy.maxSize = 5;
    orders$.pipe(
      batch(),
      // @ts-expect-error the next operator gets arrays
      map(({ id }) => id),
    );
  });

  it('work by key of the value, and give out what the work gives', () => {
    const book = async ({ total }: { total: number }): Promise<Date> => new Date(total);
    expectTypeOf(orders$.pipe(mergeMapByKey(({ id }) => id, book))).toEqualTypeOf<Observable<Date>>();
    const counted$ = orders$.pipe(
      mergeMapByKey(
        (order) => order.total,
        ({ id }, index) => [id, index],
        8,
      ),
    );
    expectTypeOf(counted$).toEqualTypeOf<Observable<number | string>>();
    const either$ = orders$.pipe(
      mergeMapByKey(
        ({ id }) => id,
        ({ id, total }) => (total > 0 ? of(id) : Promise.resolve(total)),
      ),
    );
    expectTypeOf(either$).toEqualTypeOf<Observable<number | string>>();
    // @ts-expect-error the value has no such property
    orders$.pipe(mergeMapByKey(({ name }) => name, book));
    orders$.pipe(
      mergeMapByKey(
        ({ id }) => id,
        // @ts-expect-error the work takes something else
        async (name: string) => name,
      ),
    );
    orders$.pipe(
      mergeMapByKey(
        ({ id }) => id,
        // @ts-expect-error the work gives something that is no stream, promise or list
        ({ total }) => total,
      ),
    );
    // @ts-expect-error the work is missing
    orders$.pipe(mergeMapByKey(({ id }: { id: string }) => id));
    // @ts-expect-error a concurrency is a number
    orders$.pipe(mergeMapByKey(({ id }) => id, book, '8'));
  });

  it('pace values and pass them on with their type', () => {
    expectTypeOf(orders$.pipe(rateLimit({ limit: 5 }))).toEqualTypeOf<typeof orders$>();
    const latest$ = orders$.pipe(
      rateLimit({
        limit: 5,
        windowMs: 100,
        capacity: 10,
        overflow: 'drop-oldest',
        onDropped: (order) => expectTypeOf(order).toEqualTypeOf<{ id: string; total: number }>(),
      }),
    );
    expectTypeOf(latest$).toEqualTypeOf<typeof orders$>();
    const logged$ = orders$.pipe(
      rateLimit({ limit: 5, overflow: 'drop-newest', onDropped: (order: unknown) => console.log(order) }),
    );
    expectTypeOf(logged$).toEqualTypeOf<typeof orders$>();
    const overflow = 'fail' as 'drop-newest' | 'fail';
    const onDropped = (item: number): void => console.log(item);
    expectTypeOf({ limit: 5, overflow, onDropped }).toExtend<RateLimitOptions<number>>();
    // @ts-expect-error the limit is missing
    orders$.pipe(rateLimit({ windowMs: 100 }));
    // @ts-expect-error no options at all
    orders$.pipe(rateLimit());
    // @ts-expect-error nobody is told of what is dropped
    orders$.pipe(rateLimit({ limit: 5, capacity: 10, overflow: 'drop-oldest' }));
    // @ts-expect-error an operator has nobody to suspend
    orders$.pipe(rateLimit({ limit: 5, overflow: 'suspend' }));
    // @ts-expect-error something else is dropped
    orders$.pipe(rateLimit({ limit: 5, overflow: 'drop-newest', onDropped: (name: string) => name }));
  });
});

describe('the errors', () => {
  it('have codes that are closed, and say what they carry', () => {
    expectTypeOf<MillraceError['code']>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<'SELF_DEADLOCK'>().toExtend<ErrorCode>();
    expectTypeOf<'NO_SUCH_CODE'>().not.toExtend<ErrorCode>();
    expectTypeOf<SchemaError['issues']>().toEqualTypeOf<readonly SchemaIssue[]>();
    expectTypeOf<CircuitOpenError['retryAfterMs']>().toEqualTypeOf<number>();
    expectTypeOf<ClosedError>().toExtend<MillraceError>();
  });
});
