import { InvalidMessageError } from '../../broker/wire/invalid-message-error.ts';

/** Deeper than any event, and shallow enough for whoever walks through it by recursion. */
const MOST_DEPTH = 100;

/**
 * Parses JSON of strangers. Keys by which a careless copy would reach the prototype of all objects are refused, and so is what is nested without reason.
 *
 * @throws InvalidMessageError
 */
export function parseStrangers(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new InvalidMessageError('JSON', `${text.length} characters that are none`, { cause: error });
  }
  let level: readonly object[] = isObject(parsed) ? [parsed] : [];
  // Level by level, as a recursion would end in an overflow of its own.
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) throw new InvalidMessageError(`JSON of at most ${MOST_DEPTH} levels`, 'more of them');
    level = level.flatMap(partsOf);
  }
  return parsed;
}

function partsOf(value: object): readonly object[] {
  if (!Array.isArray(value)) expectHarmless(value);
  return Object.values(value).filter(isObject);
}

function expectHarmless(value: object): void {
  const { constructor } = value as { readonly constructor?: unknown };
  const hasPrototype =
    Object.hasOwn(value, 'constructor') && isObject(constructor) && Object.hasOwn(constructor, 'prototype');
  if (!hasPrototype && !Object.hasOwn(value, '__proto__')) return;
  throw new InvalidMessageError("JSON without '__proto__' and 'constructor.prototype'", 'one of them');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
