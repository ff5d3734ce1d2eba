import { virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

it('tells in one line of all the timers that were made in one place and left behind', async () => {
  const forgetful = virtualTest(() => {
    for (let count = 0; count < 1_200; count++) setTimeout(() => {}, 7);
    setTimeout(() => {}, 9);
  });
  await expect(forgetful()).rejects.toThrow(
    /1,201 timers were still pending:\n  1,200 x setTimeout 7 ms, made at \S+:6:\d+\n  setTimeout 9 ms, made at \S+:7:\d+\nClose/u,
  );
});
