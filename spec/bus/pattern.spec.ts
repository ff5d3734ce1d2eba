import * as fc from 'fast-check';
import { createEventBus, defineEvent, payload } from 'millrace';
import { describe, expect, it } from 'vitest';

/** Whether a handler of the pattern is offered an event of the type. */
function reaches(pattern: string, type: string): boolean {
  const bus = createEventBus();
  const Event = defineEvent(type, payload<void>());
  let isReached = false;
  bus.on(pattern, () => void (isReached = true));
  bus.emit(Event);
  return isReached;
}

describe('a pattern', () => {
  it.each([
    ['user.created', 'user.created', true],
    ['user.created', 'user.deleted', false],
    ['user.*', 'user.created', true],
    ['user.*', 'user', false],
    ['user.*', 'user.address.changed', false],
    ['*.created', 'user.created', true],
    ['*.created', 'created', false],
    ['*', 'user', true],
    ['*', 'user.created', false],
    ['*.*', 'user.created', true],
    ['user.*.changed', 'user.address.changed', true],
    ['user.*.changed', 'user.address.street.changed', false],
    ['user.>', 'user.created', true],
    ['user.>', 'user.address.changed', true],
    ['user.>', 'user', false],
    ['user.>', 'users.created', false],
    ['*.>', 'user.created', true],
    ['*.>', 'user', false],
    ['>', 'user', true],
    ['>', 'user.address.changed', true],
    ['user.cre', 'user.created', false],
  ])("'%s' and the type '%s': %s", (pattern, type, expected) => {
    expect(reaches(pattern, type)).toBe(expected);
  });

  it('takes dots and every other sign as they are, not as a regular expression', () => {
    expect(reaches('user.c+', 'user.cc')).toBe(false);
    expect(reaches('user.c+', 'user.c+')).toBe(true);
    expect(reaches('a.b', 'axb')).toBe(false);
  });

  it('always matches as the rule says: * is one token, > one or more at the end', () => {
    const token = fc.constantFrom('a', 'b', 'c');
    const types = fc.array(token, { minLength: 1, maxLength: 5 });
    const patterns = fc
      .tuple(fc.array(fc.oneof(token, fc.constant('*')), { maxLength: 4 }), fc.boolean())
      .map(([tokens, isOpen]): string[] => (isOpen ? [tokens, '>'].flat() : tokens))
      .filter((tokens) => tokens.length > 0);
    fc.assert(
      fc.property(patterns, types, (pattern, type) => {
        expect(reaches(pattern.join('.'), type.join('.'))).toBe(matches(pattern, type));
      }),
    );
  });
});

/** The rule, token by token. */
function matches([first, ...rest]: readonly string[], [token, ...tokens]: readonly string[]): boolean {
  if (first === undefined || token === undefined) return first === token;
  if (first === '>') return true;
  return (first === '*' || first === token) && matches(rest, tokens);
}

describe('a malformed pattern', () => {
  const malformed = [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '>.a',
    'a.>.b',
    '>.>',
    'a b',
    ' ',
    'a.\tb',
    'a*',
    '*a.b',
    'a.b>',
    '**',
  ];

  it.each(malformed)('is refused where it is given: %j', (pattern) => {
    const bus = createEventBus();
    const error = expect.objectContaining({
      name: 'InvalidOptionError',
      code: 'INVALID_PATTERN',
      message: `Expected a pattern of dot-separated tokens, where '*' is one token and '>' the rest, such as 'user.*' or 'user.>', got '${pattern}'.`,
    });
    expect(() => bus.on(pattern, () => undefined)).toThrow(error);
    expect(() => bus.events(pattern)).toThrow(error);
    expect(() => bus.once(pattern, () => undefined)).toThrow(error);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('rejects the promise of once', async () => {
    await expect(createEventBus().once('a..b')).rejects.toMatchObject({ code: 'INVALID_PATTERN' });
  });
});
