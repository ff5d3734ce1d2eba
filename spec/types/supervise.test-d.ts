import {
  createDeadLetterQueue,
  type DeadLetterReason,
  type DropReason,
  type HandlerContext,
  type HandlerReport,
  type Outcome,
  type ResultOf,
  splitResults,
  type SplitResults,
  supervise,
  type Supervised,
  type SupervisedFailure,
  type SupervisedSuccess,
} from 'millrace';
import { EMPTY, map, type Observable, of, type OperatorFunction } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';

interface Order {
  readonly id: string;
  readonly total: number;
}

const orders$ = of<Order>({ id: 'o1', total: 1 });

describe('supervise', () => {
  it('infers the item from the stream, and the result from the handler', () => {
    const plain$ = orders$.pipe(supervise(({ total }) => total));
    expectTypeOf(plain$).toEqualTypeOf<Observable<Supervised<Order, number>>>();
    const promised$ = orders$.pipe(supervise(async ({ id }) => new Date(id)));
    expectTypeOf(promised$).toEqualTypeOf<Observable<Supervised<Order, Date>>>();
    const nothing$ = orders$.pipe(supervise((order) => console.log(order.id)));
    expectTypeOf(nothing$).toEqualTypeOf<Observable<Supervised<Order, void>>>();
    const either$ = orders$.pipe(supervise(({ id, total }) => (total > 0 ? Promise.resolve(id) : total)));
    expectTypeOf(either$).toEqualTypeOf<Observable<Supervised<Order, number | string>>>();
  });

  it('knows that an Observable may have had no value', () => {
    const last$ = orders$.pipe(supervise(({ id }) => of(id)));
    expectTypeOf(last$).toEqualTypeOf<Observable<Supervised<Order, string | undefined>>>();
    expectTypeOf<ResultOf<Observable<Date> | Promise<number>>>().toEqualTypeOf<Date | number | undefined>();
  });

  it('takes objects with handle', () => {
    const pricing = {
      rate: 1.2,
      async handle({ total }: Order): Promise<number> {
        return total * this.rate;
      },
    };
    expectTypeOf(orders$.pipe(supervise(pricing))).toEqualTypeOf<Observable<Supervised<Order, number>>>();
    // @ts-expect-error an object without handle
    orders$.pipe(supervise({ price: ({ total }: Order) => total }));
  });

  it('can be made before there is a stream', () => {
    const pricing = supervise(async ({ total }: Order) => total, { concurrency: 8 });
    expectTypeOf(pricing).toEqualTypeOf<OperatorFunction<Order, Supervised<Order, number>>>();
    expectTypeOf(orders$.pipe(pricing)).toEqualTypeOf<Observable<Supervised<Order, number>>>();
    // @ts-expect-error a stream of something else
    of('o1').pipe(pricing);
  });

  it('gives handlers the context of every handler', () => {
    orders$.pipe(
      supervise((_, context) => {
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
        // @ts-expect-error only handlers of a bus can emit
        context.emit;
      }),
    );
  });

  it('knows the item in its options', () => {
    const options$ = orders$.pipe(
      supervise(({ total }) => total, {
        key: (order) => order.id,
        retry: { maxAttempts: 3, retryIf: (error) => error instanceof TypeError },
        deadLetters: createDeadLetterQueue<Order>(),
      }),
    );
    expectTypeOf(options$).toEqualTypeOf<Observable<Supervised<Order, number>>>();
    const handle = ({ total }: Order): number => total;
    // @ts-expect-error no such property
    supervise(handle, { key: (order) => order.customer });
    // @ts-expect-error letters of something else
    supervise(handle, { deadLetters: createDeadLetterQueue<number>() });
    // @ts-expect-error no such option
    supervise(handle, { maxConcurrency: 5 });
    // @ts-expect-error no such policy
    supervise(handle, { overflow: 'buffer' });
    // @ts-expect-error the handler takes something else
    orders$.pipe(supervise((name: string) => name));
    // @ts-expect-error no handler
    orders$.pipe(supervise());
  });

  it('hands arrays over in batches, and has the result of its batch for each item', () => {
    const batch = { maxSize: 10 };
    const batched$ = orders$.pipe(supervise((orders) => orders.length, { batch }));
    expectTypeOf(batched$).toEqualTypeOf<Observable<Supervised<Order, number>>>();
    const saveAll = async (orders: readonly Order[]): Promise<Date> => new Date(orders.length);
    const saved$ = orders$.pipe(supervise(saveAll, { batch, key: ({ id }) => id, concurrency: 2 }));
    expectTypeOf(saved$).toEqualTypeOf<Observable<Supervised<Order, Date>>>();
    // @ts-expect-error batches are arrays
    orders$.pipe(supervise(({ id }: Order) => id, { batch }));
    // @ts-expect-error without batches, there are no arrays
    orders$.pipe(supervise(saveAll));
  });
});

describe('a supervised result', () => {
  const end = {} as Supervised<Order, number>;

  it('is narrowed by its outcome', () => {
    expectTypeOf(end.event).toEqualTypeOf<Order>();
    expectTypeOf(end.attempts).toEqualTypeOf<number>();
    expectTypeOf(end.outcome).toEqualTypeOf<Outcome>();
    // @ts-expect-error only of what was handled
    end.result;
    if (end.outcome === 'handled') {
      expectTypeOf(end).toEqualTypeOf<SupervisedSuccess<Order, number>>();
      expectTypeOf(end.result).toEqualTypeOf<number>();
      // @ts-expect-error what was handled has no error
      end.error;
    } else {
      expectTypeOf(end).toEqualTypeOf<SupervisedFailure<Order>>();
      expectTypeOf(end.outcome).toEqualTypeOf<'dead' | 'dropped' | 'rejected'>();
      expectTypeOf(end.reason).toEqualTypeOf<DeadLetterReason | DropReason | undefined>();
      expectTypeOf(end.error).toEqualTypeOf<unknown>();
      // @ts-expect-error what was not handled has no result
      end.result;
    }
  });

  it('closes its outcomes, and is read-only', () => {
    const text = ({ outcome }: typeof end): string => {
      switch (outcome) {
        case 'handled':
        case 'dead':
        case 'dropped':
        case 'rejected':
          return outcome;
        default:
          return ((never: never): never => never)(outcome);
      }
    };
    expectTypeOf(text).returns.toEqualTypeOf<string>();
    // @ts-expect-error read-only
    end.attempts = 1;
  });
});

describe('splitResults', () => {
  const results$ = orders$.pipe(supervise(({ total }) => total));

  it('gives each side its part of the union', () => {
    const { successes, failures } = splitResults(results$);
    type Result = Supervised<Order, number>;
    expectTypeOf(successes).toEqualTypeOf<Observable<SupervisedSuccess<Order, number>>>();
    expectTypeOf(successes).toEqualTypeOf<Observable<Extract<Result, { readonly outcome: 'handled' }>>>();
    expectTypeOf(failures).toEqualTypeOf<Observable<SupervisedFailure<Order>>>();
    expectTypeOf(failures).toEqualTypeOf<Observable<Exclude<Result, { readonly outcome: 'handled' }>>>();
    expectTypeOf(successes.pipe(map(({ result }) => result.toFixed(2)))).toEqualTypeOf<Observable<string>>();
    // @ts-expect-error failures have no result
    failures.pipe(map(({ result }) => result));
    // @ts-expect-error successes have no error
    successes.pipe(map(({ error }) => error));
  });

  it('narrows the outcome where one type has them all', () => {
    const { successes, failures } = splitResults(EMPTY as Observable<HandlerReport>);
    expectTypeOf(successes.pipe(map(({ outcome }) => outcome))).toEqualTypeOf<Observable<'handled'>>();
    const failed$ = failures.pipe(map(({ outcome }) => outcome));
    expectTypeOf(failed$).toEqualTypeOf<Observable<'dead' | 'dropped' | 'rejected'>>();
    expectTypeOf(failures.pipe(map(({ name }) => name))).toEqualTypeOf<Observable<string>>();
  });

  it('takes anything with an outcome', () => {
    const timed$ = results$.pipe(map((end) => ({ ...end, at: new Date() })));
    expectTypeOf(splitResults(timed$).successes.pipe(map(({ at }) => at))).toEqualTypeOf<Observable<Date>>();
    const never = splitResults(of({ outcome: 'handled' as const })).failures;
    expectTypeOf(never).toEqualTypeOf<Observable<never>>();
    expectTypeOf<SplitResults<HandlerReport>['successes']>().toExtend<Observable<HandlerReport>>();
    // @ts-expect-error no outcome
    splitResults(orders$);
    // @ts-expect-error no outcome of ours
    splitResults(of({ outcome: 'done' }));
  });

  it('closes its options', () => {
    splitResults(results$, {
      capacity: 10,
      overflow: 'drop-oldest',
      onDropped: (result) => expectTypeOf(result).toEqualTypeOf<Supervised<Order, number>>(),
    });
    // @ts-expect-error nobody can be made to wait
    splitResults(results$, { overflow: 'suspend' });
    // @ts-expect-error a capacity is a number
    splitResults(results$, { capacity: '10' });
    // @ts-expect-error something else is dropped
    splitResults(results$, { onDropped: (name: string) => name });
    // @ts-expect-error no such option
    splitResults(results$, { maxSize: 10 });
  });
});
