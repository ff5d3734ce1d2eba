import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';

/**
 * Compiles a wildcard pattern in the manner of NATS subjects: `*` is one token, `>` one or more, and only at the end.
 *
 * @throws InvalidOptionError `INVALID_PATTERN` for an empty token, a space, or a misplaced wildcard
 */
export function compilePattern(pattern: string): (type: string) => boolean {
  const tokens = pattern.split('.');
  const isOpen = tokens.at(-1) === '>';
  const fixed = isOpen ? tokens.slice(0, -1) : tokens;
  if (!fixed.every((token) => token === '*' || /^[^\s*>]+$/.test(token))) {
    throw new InvalidOptionError(
      `Expected a pattern of dot-separated tokens, where '*' is one token and '>' the rest, such as 'user.*' or 'user.>', got ${show(pattern)}.`,
      'INVALID_PATTERN',
    );
  }
  return (type) => {
    const parts = type.split('.');
    if (isOpen ? parts.length <= fixed.length : parts.length !== fixed.length) return false;
    return fixed.every((token, index) => token === '*' || token === parts[index]);
  };
}

/** Whether a type matches a pattern, for the compiler. */
export type Matches<Type extends string, Pattern extends string> = Pattern extends '>'
  ? true
  : Pattern extends `${infer Token}.${infer Rest}`
    ? Type extends `${infer Part}.${infer Parts}`
      ? Token extends Part | '*'
        ? Matches<Parts, Rest>
        : false
      : false
    : Type extends `${string}.${string}`
      ? false
      : Pattern extends Type | '*'
        ? true
        : false;
