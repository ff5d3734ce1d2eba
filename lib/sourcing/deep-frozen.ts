import { InvalidOptionError } from '../core/errors.ts';

/**
 * Freezes a value through and through, so that whoever changes it in place fails.
 *
 * @throws InvalidOptionError for what cannot be frozen: a Map, a Set, a Date, bytes
 */
export function deepFrozen<Value>(name: string, value: Value, seen: Set<unknown> = new Set()): Value {
  if (typeof value !== 'object' || value === null || seen.has(value)) return value;
  expectFreezable(name, value);
  seen.add(value);
  Object.freeze(value);
  // Not skipped if it was frozen before: its parts may not be.
  for (const part of Object.values(value)) deepFrozen(name, part, seen);
  return value;
}

function expectFreezable(name: string, value: object): void {
  const kind = [Map, Set, Date].find((one) => value instanceof one)?.name;
  if (kind === undefined && !ArrayBuffer.isView(value)) return;
  throw new InvalidOptionError(
    `Expected ${name} to be data that can be frozen, got ${kind === undefined ? 'bytes' : `a ${kind}`} in it, which whoever changes it in place would change for all. Give a function that makes it, such as ${name}: () => new ${kind ?? 'Uint8Array'}().`,
  );
}
