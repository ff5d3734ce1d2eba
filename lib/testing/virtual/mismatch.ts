import { Letters } from '../picture/letters.ts';
import { alignMarbles, marbleText } from '../picture/marble-text.ts';
import { preview } from '../preview.ts';
import { TestFailure } from '../test-failure.ts';
import type { Moment } from './moment.ts';

/** Says whether two values are equal, as the runner or the kit sees it. */
export type IsEqual = (actual: unknown, expected: unknown) => boolean;

/** Where a stream differs first from what was expected. */
interface Difference {
  readonly at: number;
  readonly expected: Moment | undefined;
  readonly actual: Moment | undefined;
}

/**
 * Compares what a stream did with what was expected.
 *
 * @param values - the letters of the expected diagram
 * @returns the failure that shows both as diagrams, or `undefined` if they are the same
 */
export function mismatch(
  actual: readonly Moment[],
  expected: readonly Moment[],
  values: Readonly<Record<string, unknown>> | undefined,
  isEqual: IsEqual,
): TestFailure | undefined {
  const difference = firstDifference(actual, expected, isEqual);
  if (difference === undefined) return undefined;
  const letters = new Letters(values);
  const { rows, column } = alignMarbles([expected, actual], letters, difference.at);
  const said =
    `Expected the stream to be as drawn, but at ${difference.at} ms there is ` +
    `${describe(difference.actual, letters)} instead of ${describe(difference.expected, letters)}.`;
  const lines = [
    `expected  ${rows[0]}`,
    `actual    ${rows[1]}`,
    `          ${' '.repeat(column)}^`,
    ...errorsOf(difference),
    ...letters.legend(),
    `The actual one, to be copied: '${marbleText(actual, letters)}'`,
  ];
  return new TestFailure(`${said}\n\n  ${lines.join('\n  ')}\n`, {
    expected: marbleText(expected, letters),
    actual: marbleText(actual, letters),
  });
}

function firstDifference(
  actual: readonly Moment[],
  expected: readonly Moment[],
  isEqual: IsEqual,
): Difference | undefined {
  const index = Array.from({ length: Math.max(actual.length, expected.length) }, (_, position) => position).find(
    (position) => !isEqual(actual[position], expected[position]),
  );
  if (index === undefined) return undefined;
  const [came, wanted] = [actual[index], expected[index]];
  const at = Math.min(came?.at ?? Infinity, wanted?.at ?? Infinity);
  return {
    at,
    actual: came?.at === at ? came : undefined,
    expected: wanted?.at === at ? wanted : undefined,
  };
}

function describe(moment: Moment | undefined, letters: Letters): string {
  if (moment === undefined) return 'nothing';
  const { notification } = moment;
  if (notification.kind === 'N') return `'${letters.of(notification.value)}'`;
  return notification.kind === 'C' ? 'the completion' : `the error ${preview(notification.error)}`;
}

/** All errors look the same in a diagram. */
function errorsOf({ actual, expected }: Difference): readonly string[] {
  return [expected, actual].flatMap((moment, index) => {
    if (moment?.notification.kind !== 'E') return [];
    return [`# = ${preview(moment.notification.error)} (${index === 0 ? 'expected' : 'actual'})`];
  });
}
