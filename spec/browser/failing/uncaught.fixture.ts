import { it } from 'vitest';

it('lets an error go', () => {
  setTimeout(() => {
    throw new Error('from a timer');
  });
});

it('lets a rejection go', () => {
  void Promise.reject(new Error('by nobody'));
});
