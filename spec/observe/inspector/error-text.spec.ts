import { describe, expect, it } from 'vitest';
import { errorText } from '../../../lib/observe/inspector/error-text.ts';

describe('the text of an error', () => {
  it.each([
    [new TypeError('no number'), { name: 'TypeError', message: 'no number' }],
    [
      { name: 'Refused', message: 'by another realm' },
      { name: 'Refused', message: 'by another realm' },
    ],
    ['just a text', { name: 'string', message: 'just a text' }],
    [undefined, { name: 'undefined', message: 'undefined' }],
    [null, { name: 'object', message: 'null' }],
    [{ password: 'secret' }, { name: 'object', message: 'an object' }],
    [Object.assign(new Error('x'), { name: 5, message: {} }), { name: 'object', message: 'an object' }],
  ])('of %o is plain', (error, text) => {
    expect(errorText(error, 7)).toStrictEqual({ ...text, time: 7 });
  });

  it('is there for one that throws when it is read', () => {
    const unreadable = {
      get message(): string {
        throw new Error('not even this');
      },
    };
    expect(errorText(unreadable, 7)).toStrictEqual({
      name: 'unknown',
      message: 'an error that cannot be read',
      time: 7,
    });
  });

  it('is never longer than a screen can show', () => {
    const { name, message } = errorText(Object.assign(new Error('m'.repeat(1e6)), { name: 'n'.repeat(1e6) }), 0);
    expect(name).toBe(`${'n'.repeat(99)}…`);
    expect(message).toBe(`${'m'.repeat(499)}…`);
  });
});
