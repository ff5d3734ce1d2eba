import { virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

it('says of a timer that is left behind where the test made it, also through a promise', async () => {
  const forgetful = virtualTest(({ time }) => void time.advance(5));
  await expect(forgetful()).rejects.toThrow(/setTimeout 5 ms, made at \S*call-site\.spec\.ts:5:\d+\n/u);
});
