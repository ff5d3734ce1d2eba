import { expect, it } from 'vitest';

it('has changed', () => {
  expect('new').toMatchInlineSnapshot('"old"');
});
