import { TestFailure } from '../test-failure.ts';

/** A virtual test that cannot begin yet. */
interface Waiter {
  readonly begin: () => void;
  readonly refuse: (failure: TestFailure) => void;
  /** In which turn it came, if code of that test was running: it may have been called by it. */
  readonly within: number | undefined;
}

const waiting: Waiter[] = [];
let isTaken = false;
let turn = 0;
let hasBegun = false;
let isCalling = false;

/**
 * Waits until nobody else is at work with the clock of this process.
 *
 * @returns how to leave it to the next one
 * @throws TestFailure in code of a virtual test, which would wait for its own end
 */
export async function takeTurn(): Promise<() => void> {
  if (isCalling) throw nestedTest();
  if (isTaken) {
    await new Promise<void>((begin, refuse) => {
      waiting.push({ begin, refuse, within: hasBegun ? turn : undefined });
    });
  }
  isTaken = true;
  return leave;
}

/** Calls code of the test whose turn it is. */
export function callWithin<Result>(code: () => Result): Result {
  hasBegun = true;
  isCalling = true;
  try {
    return code();
  } finally {
    isCalling = false;
  }
}

/**
 * Refuses the virtual tests that were begun while code of this one was running, after an `await` of which nobody can see that it is within. Only for a test
 * that cannot go on: others may wait for good reason, as in `it.concurrent`.
 *
 * @returns whether there were any
 */
export function refuseNested(): boolean {
  const nested = waiting.filter(({ within }) => within === turn);
  for (const waiter of nested) {
    waiting.splice(waiting.indexOf(waiter), 1);
    waiter.refuse(nestedTest());
  }
  return nested.length > 0;
}

function leave(): void {
  turn++;
  hasBegun = false;
  const next = waiting.shift();
  // It is not free in between: whoever comes now is behind those who wait.
  if (next === undefined) isTaken = false;
  else next.begin();
}

function nestedTest(): TestFailure {
  return new TestFailure(
    'Expected no virtual test within another one, got one: there is one clock, so that it would wait for its own end. Call its body instead.',
  );
}
