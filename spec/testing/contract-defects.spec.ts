import { memoryBroker } from 'millrace';
import { brokerContract, TestFailure } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { SteppedClock } from '../support/stepped-clock.ts';
import { runVirtually } from '../support/virtual-run.ts';
import { DEFECTS } from './contract-defects/index.ts';

// A contract that cannot fail proves nothing: for each of its cases, brokers that break its promise.
describe('a broker that', () => {
  it.each(DEFECTS)('$defect is found where it "$found"', async ({ found, message, make }) => {
    const clock = new SteppedClock();
    const { open, capabilities, restart } = make(clock);
    const options = { scheduler: clock, timeLimitMs: 2_000, ...(restart !== undefined && { restart }) };
    const contractCase = brokerContract(open, capabilities, options).find(({ name }) => name === found);
    expect(contractCase).toMatchObject({ name: found });
    expect(contractCase?.skip).toBeUndefined();

    const failure = await runVirtually(clock, contractCase!.run).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(TestFailure);
    expect((failure as TestFailure).message).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
  });
});

it('has a broken broker for each case', () => {
  const found = new Set(DEFECTS.map((defect) => defect.found));
  const unproven = brokerContract(memoryBroker, {}).filter(({ name }) => !found.has(name));
  expect(unproven.map(({ name }) => name)).toEqual([]);
});
