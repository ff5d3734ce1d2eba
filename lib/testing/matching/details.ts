import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectOneOf, show } from '../../core/options.ts';
import type { DeadLetterReason } from '../../core/dead-letter.ts';
import type { DropReason } from '../../core/outcome.ts';
import { unknownName } from '../known-options.ts';
import type { AsymmetricMatch, Partly } from './partly.ts';

/** What is expected of a dead letter; all that is given must hold. */
export interface DeadLetterDetails<Data = unknown> {
  /** The name of the handler. */
  readonly handler?: AsymmetricMatch | string;
  /** Why it is dead. */
  readonly reason?: AsymmetricMatch | DeadLetterReason;
  /** A part of the event's data. */
  readonly data?: Partly<Data>;
}

/** What is expected of the end of a handler's copy of an event; all that is given must hold. */
export interface SettledDetails<Data = unknown> {
  /** The name of the handler. */
  readonly handler?: AsymmetricMatch | string;
  /** How it ended. */
  readonly outcome?: AsymmetricMatch | 'dead' | 'dropped' | 'handled';
  /** How many attempts were made. */
  readonly attempts?: AsymmetricMatch | number;
  /** Why it is dead or was dropped. */
  readonly reason?: AsymmetricMatch | DeadLetterReason | DropReason;
  /** A part of the event's data. */
  readonly data?: Partly<Data>;
}

const DEAD: readonly DeadLetterReason[] = [
  'abandoned',
  'exhausted',
  'invalid',
  'invalid-key',
  'overflow',
  'rejected',
  'timeout',
];
const DROPPED: readonly DropReason[] = ['busy', 'drop-newest', 'drop-oldest', 'handed-back', 'superseded'];

/**
 * Returns what is expected of a dead letter. A misspelled word would never be found, and `.not` would always hold.
 *
 * @throws InvalidOptionError for what cannot be
 */
export function expectDeadLetterDetails(details: DeadLetterDetails): DeadLetterDetails {
  expectNames(details, ['handler', 'reason', 'data']);
  const { reason } = details;
  if (isPlain(reason)) expectOneOf('reason', reason, DEAD);
  return details;
}

/**
 * Returns what is expected of an end.
 *
 * @throws InvalidOptionError for what cannot be
 */
export function expectSettledDetails(details: SettledDetails): SettledDetails {
  expectNames(details, ['handler', 'outcome', 'attempts', 'reason', 'data']);
  const { outcome, attempts, reason } = details;
  if (isPlain(outcome)) expectOneOf('outcome', outcome, ['handled', 'dead', 'dropped']);
  if (isPlain(attempts)) expectCount('attempts', attempts, 0);
  if (isPlain(reason)) expectOneOf('reason', reason, [...DEAD, ...DROPPED]);
  return details;
}

function expectNames(details: object, names: readonly string[]): void {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) {
    throw new InvalidOptionError(`Expected an object of '${names.join("', '")}', got ${show(details)}.`);
  }
  const wrong = unknownName(details, names);
  if (wrong === undefined) return;
  throw new InvalidOptionError(`Expected an object of '${names.join("', '")}', got one with ${show(wrong)}.`);
}

/** Whether it is given, and no asymmetric matcher. */
function isPlain<Value>(value: AsymmetricMatch | Value | undefined): value is Value {
  return value !== undefined && (typeof value !== 'object' || value === null);
}
