import {
  circuitBreaker,
  type CircuitOpenError,
  type ClosedError,
  type DeadLetterSink,
  deadLetterTo,
  deduplicate,
  type ErrorCode,
  type MillraceError,
  retryWithBackoff,
  type SchemaError,
  type SchemaIssue,
} from 'millrace';
import { of, type Observable, Subject } from 'rxjs';
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
    const rename = async (order: { name: string }): Promise<string> => order.name;
    // @ts-expect-error the work takes something else
    orders$.pipe(deduplicate(({ id }: { id: string }) => id, rename));
    // @ts-expect-error the work is missing
    orders$.pipe(deduplicate(({ id }: { id: string }) => id));
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
