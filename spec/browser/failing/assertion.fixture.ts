import { expect, it } from 'vitest';

it('is well', () => {
  expect(1).toBe(1);
});

it('is not well', () => {
  expect({ total: 1 }).toEqual({ total: 2 });
});
