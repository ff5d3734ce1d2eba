import { preview } from '../preview.ts';
import { holds, type MatcherContext, type MatcherResult } from './matcher-context.ts';
import { askedFor, nearestFirst } from './nearest.ts';

/** So many candidates are shown. */
const SHOWN = 5;

/** What a matcher looks for, and among what. */
export interface Question {
  /** The name of the matcher. */
  readonly matcher: string;
  /** What is looked for, such as `an event 'user.signed_up'`. */
  readonly what: string;
  /** What was written after the event; none for whatever it holds. */
  readonly wanted: { readonly expected: unknown; readonly label: string } | undefined;
  /** What it is looked for among: those of the event. */
  readonly candidates: readonly unknown[];
  /** What is said when there is none of them. */
  readonly otherwise: () => string;
}

/** Answers whether any candidate holds all that is wanted. */
export function judge(context: MatcherContext, question: Question): MatcherResult {
  const { candidates, wanted } = question;
  const found = wanted === undefined ? candidates : candidates.filter((each) => holds(context, each, wanted.expected));
  const pass = found.length > 0;
  return {
    pass,
    message: () =>
      [hint(context, question), '', ...(pass ? surplus(question, found) : missing(context, question))].join('\n'),
  };
}

function hint({ utils, isNot = false }: MatcherContext, { matcher, wanted }: Question): string {
  return utils.matcherHint(matcher, 'bus', wanted === undefined ? 'event' : `event, ${wanted.label}`, { isNot });
}

function surplus(question: Question, found: readonly unknown[]): readonly string[] {
  return [`Expected not ${inWords(question)}, got ${found.length}:`, ...list(found)];
}

function missing(context: MatcherContext, question: Question): readonly string[] {
  const { wanted, candidates, otherwise } = question;
  if (wanted === undefined || candidates.length === 0) return [`Expected ${inWords(question)}, got none.`, otherwise()];
  const [nearest, ...others] = nearestFirst(candidates, wanted.expected, (actual, expected) =>
    holds(context, actual, expected),
  );
  const compared = askedFor(nearest, wanted.expected);
  const [short, full] = [preview(compared), preview(nearest)];
  return [
    `Expected ${inWords(question)}, got ${candidates.length} without that. ${candidates.length > 1 ? 'The nearest' : 'It'} differs so:`,
    '',
    context.utils.diff(wanted.expected, compared) ?? short,
    ...(short === full ? [] : ['', `In full: ${full}`]),
    ...(others.length === 0 ? [] : ['', 'The others:', ...list(others)]),
  ];
}

function inWords({ what, wanted }: Question): string {
  return wanted === undefined ? what : `${what} with ${wanted.label} ${preview(wanted.expected)}`;
}

function list(values: readonly unknown[]): readonly string[] {
  const shown = values.slice(0, SHOWN).map((value) => `  ${preview(value, 200)}`);
  return values.length > SHOWN ? [...shown, `  … and ${values.length - SHOWN} more`] : shown;
}
