import { BrokerUnavailableError, TopologyError } from '../broker/broker-errors.ts';
import { MillraceError } from '../core/errors.ts';

/** What the server answers when it cannot do as it is asked, though it can be reached. */
const REMEDIES: Readonly<Record<number, string>> = {
  403: 'Grant it to the user of the connection.',
  404: "Make it, or let the broker make it with 'manage: true'.",
  405: 'Another connection has it to itself: use another name, or end that one.',
  406: 'Delete what is there, if nobody needs it, or use another name or prefix, or give the options that it was made with.',
};

/** The code of the server's error, if it is one. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** Whether trying the same again is of no use: something is missing, is made otherwise, or is forbidden. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined || !(code in REMEDIES)) return error instanceof MillraceError;
  // What is there may have its home on a node that is away.
  return !/\bdown\b|inaccessible/.test(textOf(error));
}

/** A refusal in our words. */
export function refusalOf(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const remedy = REMEDIES[codeOf(error) ?? 0];
  const options = { cause: error };
  if (remedy !== undefined) return new TopologyError(`Expected ${what}, got: ${textOf(error)}. ${remedy}`, options);
  return new BrokerUnavailableError(`Expected ${what}, got: ${textOf(error)}.`, options);
}

/** A text of an error, with neither its user nor its password. */
export function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(textOf).join(', ');
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\/\/[^\s/@]*@/g, '//').replace(/[\s.]+$/, '');
}
