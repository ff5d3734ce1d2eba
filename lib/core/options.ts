import { InvalidOptionError } from './errors.ts';

/** The longest delay that timers keep: beyond it, they fire at once. */
export const LONGEST_DELAY_MS = 2_147_483_647;

/** Whether a value is a delay in milliseconds that a timer can keep. */
export function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LONGEST_DELAY_MS;
}

/** Returns `value` if it is a whole number ≥ `least`, or Infinity where `unbounded` allows it. */
export function expectCount(name: string, value: number, least: number, unbounded = false): number {
  if ((Number.isInteger(value) || (unbounded && value === Infinity)) && value >= least) return value;
  throw new InvalidOptionError(
    `Expected ${name} to be a whole number ≥ ${least}${unbounded ? ' or Infinity' : ''}, got ${show(value)}.`,
  );
}

/** Returns `value` if it is a duration that a timer can keep. */
export function expectDelay(name: string, value: number, positive = false): number {
  if (isDelay(value) && (value > 0 || !positive)) return value;
  const bound = positive ? '> 0' : '≥ 0';
  throw new InvalidOptionError(
    `Expected ${name} to be milliseconds ${bound} and ≤ ${LONGEST_DELAY_MS}, got ${show(value)}.`,
  );
}

/** Returns `value` if it is a finite number ≥ `least` (or > 0 where `least` is not given). */
export function expectNumber(name: string, value: number, least?: number): number {
  if (Number.isFinite(value) && (least === undefined ? value > 0 : value >= least)) return value;
  throw new InvalidOptionError(
    `Expected ${name} to be a finite number ${least === undefined ? '> 0' : `≥ ${least}`}, got ${show(value)}.`,
  );
}

/** Returns `value` if it is one of `choices`. */
export function expectOneOf<Choice extends string>(name: string, value: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(value)) return value;
  throw new InvalidOptionError(`Expected ${name} to be one of '${choices.join("', '")}', got ${show(value)}.`);
}

/** Returns `value` if it is a function; or absent, unless it is required. */
export function expectFunction<Value>(name: string, value: Value, isRequired = false): Value {
  if (typeof value === 'function' || (value === undefined && !isRequired)) return value;
  throw new InvalidOptionError(`Expected ${name} to be a function, got ${show(value)}.`);
}

/** Returns `value` if it is a text that is not empty. */
export function expectName(name: string, value: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new InvalidOptionError(`Expected ${name} to be a text that is not empty, got ${show(value)}.`);
}

/** Returns `value` if it is an object of options, or absent. */
export function expectOptions<Value>(name: string, value: Value): Value {
  if (value === undefined || (typeof value === 'object' && value !== null)) return value;
  throw new InvalidOptionError(`Expected ${name} to be an object of options, got ${show(value)}.`);
}

/** A short form of any value for an error text; never its content, which may be private or huge. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'function') return 'a function';
  // oxlint-disable-next-line typescript/no-base-to-string -- objects are answered above
  return String(value);
}

/** Closes a union: the compiler proves that nothing comes here. */
export function assertNever(value: never): never {
  throw new InvalidOptionError(`Expected no further case, got ${show(value)}.`);
}
