import { virtualTest, type VirtualTestContext } from 'millrace/testing';
import { asyncScheduler } from 'rxjs';
import { expect, it } from 'vitest';
import { CheckpointKeeper } from '../../lib/sourcing/checkpoint-keeper.ts';

/** A keeper, and when its writes began. `tookMs` is how long a write takes; one of `failing` fails. */
function watched({ time }: VirtualTestContext, { everyMs = 100, tookMs = 0, failing = [] as readonly number[] } = {}) {
  const writes: number[] = [];
  const errors: unknown[] = [];
  let atOnce = 0;
  const write = async (): Promise<void> => {
    expect(++atOnce).toBe(1);
    const index = writes.push(time.now) - 1;
    if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
    atOnce--;
    if (failing.includes(index)) throw new Error(`write ${index}`);
  };
  const onError = (error: unknown): void => void errors.push(error);
  const keeper = new CheckpointKeeper({ write, everyMs, scheduler: asyncScheduler, onError });
  return { keeper, writes, errors };
}

it(
  'writes once for all that is new in a while',
  virtualTest(async (context) => {
    const { keeper, writes } = watched(context);
    for (let i = 0; i < 5; i++) {
      keeper.touch();
      await context.time.advance(20);
    }
    await context.time.advance(1_000);
    expect(writes).toStrictEqual([100]);
    keeper.touch();
    await context.time.advance(1_000);
    expect(writes).toStrictEqual([100, 1_200]);
  }),
);

it(
  'writes again what is new since a write has begun, and never two at a time',
  virtualTest(async (context) => {
    const { keeper, writes } = watched(context, { tookMs: 250 });
    for (let i = 0; i < 9; i++) {
      keeper.touch();
      await context.time.advance(50);
    }
    await context.time.advance(2_000);
    expect(writes).toStrictEqual([100, 450]);
  }),
);

it(
  'makes a write that failed again after half a second, or later if writes are rarer',
  virtualTest(async (context) => {
    const soon = watched(context, { everyMs: 0, failing: [0, 1] });
    const late = watched(context, { everyMs: 2_000, failing: [0] });
    soon.keeper.touch();
    late.keeper.touch();
    await context.time.advance(10_000);
    expect(soon.writes).toStrictEqual([0, 500, 1_000]);
    expect(soon.errors).toStrictEqual([new Error('write 0'), new Error('write 1')]);
    expect(late.writes).toStrictEqual([2_000, 4_000]);
  }),
);

it(
  'writes what is new when it closes, after the write in progress, and leaves no timer',
  virtualTest(async (context) => {
    const { keeper, writes } = watched(context, { tookMs: 50 });
    keeper.touch();
    await context.time.advance(120);
    keeper.touch();
    await keeper.close();
    expect([writes, context.time.now]).toStrictEqual([[100, 150], 200]);
    keeper.touch();
  }),
);

it(
  'writes nothing when it closes and nothing is new, and nothing again that failed',
  virtualTest(async (context) => {
    const { keeper, writes } = watched(context);
    await keeper.close();
    expect(writes).toStrictEqual([]);
    const failing = watched(context, { failing: [0] });
    failing.keeper.touch();
    await failing.keeper.close();
    expect([failing.writes, failing.errors]).toStrictEqual([[0], [new Error('write 0')]]);
  }),
);
