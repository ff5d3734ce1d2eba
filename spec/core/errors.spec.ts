import {
  ClosedError,
  createEventBus,
  createEventSubject,
  HandlerTimeoutError,
  InvalidOptionError,
  MillraceError,
  OverflowError,
  SchemaError,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { Tick } from '../support/events.ts';

describe('an error of the library', () => {
  it.each([
    [
      new ClosedError('the bus'),
      'ClosedError',
      'CLOSED',
      'Expected the bus to be open, got one that is closed or draining. Use it before close() and drain().',
    ],
    [
      new OverflowError("handler 'mail'"),
      'OverflowError',
      'OVERFLOW',
      "Expected room in handler 'mail', got a full one. Raise capacity or concurrency, await publish(), or choose another overflow.",
    ],
    [
      new HandlerTimeoutError('mail', 50),
      'HandlerTimeoutError',
      'TIMEOUT',
      "Expected handler 'mail' to end within 50 ms, got no result. Raise timeoutMs or heed context.signal.",
    ],
    [
      new SchemaError('order.placed', [{ message: 'is negative', path: ['total'] }]),
      'SchemaError',
      'SCHEMA',
      "Expected data that fits the schema of 'order.placed', got total: is negative. Correct it at its source.",
    ],
    [
      new InvalidOptionError('Expected one, got two.'),
      'InvalidOptionError',
      'INVALID_OPTION',
      'Expected one, got two.',
    ],
  ])('says what it is, has a stable code, and tells expected, got, remedy: %o', (error, name, code, text) => {
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.message).toBe(text);
    expect(error.stack).toContain(name);
  });

  it('keeps the cause', () => {
    const cause = new Error('disk full');
    expect(new MillraceError('CLOSED', 'text', { cause }).cause).toBe(cause);
    expect(new InvalidOptionError('text', 'INVALID_OPTION', { cause }).cause).toBe(cause);
  });

  it('never shows the content of what it was given, which may be private or huge', () => {
    const secret = { password: 'hunter2' };
    const errors = [
      () => createEventBus().on(secret as never, () => undefined),
      () => createEventBus().on(Tick, secret as never),
      () => createEventBus().on(Tick, () => undefined, { capacity: [secret] as never }),
      () => createEventSubject(secret as never),
      () => createEventBus().on(`${'x'.repeat(500)} `, () => undefined),
    ].map((act) => {
      try {
        act();
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error('expected it to throw');
    });
    expect(errors.join()).not.toContain('hunter2');
    for (const text of errors) expect(text.length).toBeLessThan(300);
  });
});
