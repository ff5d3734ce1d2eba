import type { RecordedEvent } from '../../sourcing/recorded-event.ts';
import { preview } from '../preview.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import { TestFailure } from '../test-failure.ts';

/** Expects a value to be another, through and through. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (isStrictlyEqual(actual, expected)) return;
  throw new TestFailure(`Expected ${what} to be ${preview(expected, 200)}, got ${preview(actual, 200)}.`, {
    expected,
    actual,
  });
}

/** Expects a refusal with a code, and returns it. */
export async function expectRefusal(what: string, code: string, attempt: () => unknown): Promise<Error> {
  let result: unknown;
  try {
    result = await attempt();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return error;
    // Such as that it had no answer in time.
    if (error instanceof TestFailure) throw error;
    throw new TestFailure(`Expected ${what} to be refused with code ${code}, got ${preview(error)}.`, { cause: error });
  }
  throw new TestFailure(`Expected ${what} to be refused with code ${code}, got ${preview(result, 200)}.`);
}

/** Expects the numbers from `from` on, in order. */
export function expectNumbers(what: string, numbers: readonly number[], from: number, count: number): void {
  for (let index = 0; index < Math.max(count, numbers.length); index++) {
    const expected = index < count ? from + index : undefined;
    if (numbers[index] === expected) continue;
    const place = `${what} number ${index + 1} of ${count}`;
    throw new TestFailure(`Expected ${place} to be ${String(expected)}, got ${String(numbers[index])}.`);
  }
}

/** Expects each event once and the versions of each stream without gaps, as they come. */
export function expectOrder(what: string, events: readonly RecordedEvent[]): void {
  const versions = new Map<string, number>();
  for (const { stream, version } of events) {
    const before = versions.get(stream) ?? version - 1;
    versions.set(stream, version);
    if (version === before + 1) continue;
    throw new TestFailure(
      `Expected ${what} to have version ${before + 1} of stream '${stream}' next, got version ${version}.`,
    );
  }
}

/** The numbers that the events of a trial have in their data. */
export function numbersOf(events: readonly RecordedEvent[]): readonly number[] {
  return events.map(({ data }) => (data as { readonly number: number }).number);
}
