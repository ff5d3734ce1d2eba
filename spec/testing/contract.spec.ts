import { type Broker, type BrokerCapabilities, InvalidOptionError, memoryBroker, memoryBrokerStore } from 'millrace';
import {
  brokerContract,
  type BrokerContractOptions,
  type ContractCase,
  recordingBroker,
  TestFailure,
} from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { RestartableServer } from '../support/restartable-broker.ts';
import { SteppedClock } from '../support/stepped-clock.ts';
import { runVirtually } from '../support/virtual-run.ts';
import { altered, BrokenBroker } from './contract-defects/broken-broker.ts';

const CARRIES = 'delivers each message with its id, topic, body, headers and key';

function caseOf(cases: readonly ContractCase[], wanted: string): ContractCase {
  const found = cases.find(({ name }) => name === wanted);
  expect(found).toBeDefined();
  return found!;
}

function skipsOf(cases: readonly ContractCase[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    cases.flatMap(({ name, skip }) => (skip === undefined ? [] : [[name, `${skip.kind}: ${skip.reason}`]])),
  );
}

describe('the contract of a broker', () => {
  it('has cases with names of their own', () => {
    const names = brokerContract(memoryBroker, {}).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(60);
  });

  it('skips what is not claimed, and says what that is', () => {
    const { capabilities } = memoryBroker();
    const cases = brokerContract(memoryBroker, { ...capabilities, lease: 'fixed', deadLetters: false });
    expect(skipsOf(cases)).toEqual({
      'leaves a delivery to who extends its lease': 'capability: not claimed: lease: extendable',
      'gives a message up to the dead letters after its last delivery, and goes on':
        'capability: not claimed: deadLetters: true',
      'delivers a topic in the order of publishing': 'capability: not claimed: order: total',
      'loses nothing that was confirmed over two restarts under load': 'capability: not claimed: restart: true',
      'remembers what was acknowledged over a restart': 'capability: not claimed: restart: true',
      'has its letters still after a restart': 'capability: not claimed: restart: true',
    });
  });

  it('only ever gains cases with a claim', () => {
    const strongest: BrokerCapabilities = {
      ...memoryBroker().capabilities,
      order: 'total',
      restart: true,
    };
    const run = (claims: Partial<BrokerCapabilities>): string[] =>
      brokerContract(memoryBroker, claims, { restart: () => Promise.resolve() })
        .filter(({ skip }) => skip === undefined)
        .map(({ name }) => name);
    expect(run(strongest)).toHaveLength(brokerContract(memoryBroker, {}).length);
    for (const name of Object.keys(strongest) as (keyof BrokerCapabilities)[]) {
      const { [name]: _, ...weaker } = strongest;
      expect(run(strongest)).toEqual(expect.arrayContaining(run(weaker)));
    }
  });

  it('skips restarts that nobody can do here, and all where there is no broker, as a matter of the environment', () => {
    const claims = { ...memoryBroker().capabilities, restart: true };
    expect(skipsOf(brokerContract(memoryBroker, claims))).toMatchObject({
      'remembers what was acknowledged over a restart': "environment: no option 'restart' that restarts the broker",
    });
    const skipped = brokerContract(memoryBroker, claims, { unavailable: 'no such server here' });
    expect(caseOf(skipped, CARRIES).skip).toEqual({ kind: 'environment', reason: 'no such server here' });
  });

  it('is kept over restarts by a broker that survives them', async () => {
    const clock = new SteppedClock();
    const { open, restart } = new RestartableServer(clock);
    const cases = brokerContract(open, open().capabilities, { scheduler: clock, restart });
    const restarting = cases.filter(({ needs }) => needs.restart);
    expect(restarting).toHaveLength(3);
    for (const { run } of restarting) await runVirtually(clock, run);
  });

  it('is kept by a recording broker as by the one that it records', { timeout: 20_000 }, async () => {
    const clock = new SteppedClock();
    const store = memoryBrokerStore({ scheduler: clock });
    const open = (): Broker => recordingBroker({ broker: memoryBroker({ store }), scheduler: clock });
    const cases = brokerContract(open, open().capabilities, { scheduler: clock, scale: 0.02 });
    for (const { run, skip } of cases) if (skip === undefined) await runVirtually(clock, run);
  });

  it('says how much is repeated, where that is allowed', async () => {
    const clock = new SteppedClock();
    const store = memoryBrokerStore({ scheduler: clock });
    let count = 0;
    const open = (): Broker =>
      new BrokenBroker(memoryBroker({ store }), {
        capabilities: { delivery: 'at-least-once' },
        deliver: (delivery) => (++count % 5 === 0 ? [delivery, altered(delivery, {})] : [delivery]),
      });
    const { run } = caseOf(brokerContract(open, open().capabilities, { scheduler: clock }), CARRIES);
    const report = await runVirtually(clock, run);
    expect(report).toMatchObject({ published: 10, deliveries: 12, duplicates: 2, duplicateRate: 2 / 12 });
    expect(report.elapsedMs).toBeGreaterThanOrEqual(200);
  });

  it('grows with its scale', async () => {
    const clock = new SteppedClock();
    const store = memoryBrokerStore({ scheduler: clock });
    const publishedAt = async (options: BrokerContractOptions): Promise<number> => {
      const cases = brokerContract(() => memoryBroker({ store }), {}, { scheduler: clock, ...options });
      return (await runVirtually(clock, caseOf(cases, CARRIES).run)).published;
    };
    expect(await publishedAt({})).toBe(10);
    expect(await publishedAt({ scale: 0.5 })).toBe(50);
    expect(await publishedAt({ scale: 1 })).toBe(100);
  });

  it('closes what a case has opened, also when it fails', async () => {
    const clock = new SteppedClock();
    const store = memoryBrokerStore({ scheduler: clock });
    let opened = 0;
    const closed = new Set<unknown>();
    const open = (): Broker => {
      opened++;
      return new BrokenBroker(memoryBroker({ store }), {
        deliver: () => [],
        close: (inner) => {
          closed.add(inner);
          return inner.close();
        },
      });
    };
    const { run } = caseOf(
      brokerContract(open, {}, { scheduler: clock }),
      'keeps topics apart, also those that begin alike',
    );
    await expect(runVirtually(clock, run)).rejects.toThrow(TestFailure);
    expect(opened).toBe(2);
    expect(closed.size).toBe(2);
  });

  it('fails with what its broker fails with', async () => {
    const clock = new SteppedClock();
    const failure = new Error('no route to host');
    const open = (): Promise<Broker> => Promise.reject(failure);
    const { run } = caseOf(brokerContract(open, {}, { scheduler: clock }), CARRIES);
    await expect(runVirtually(clock, run)).rejects.toBe(failure);
  });
});

describe('brokerContract refuses', () => {
  const refusal = (claims: unknown, options?: unknown): (() => unknown) => {
    return () => brokerContract(memoryBroker, claims as BrokerCapabilities, options as BrokerContractOptions);
  };

  it('a capability that does not exist, and lists those that do', () => {
    expect(refusal({ exactlyOnce: true })).toThrow(
      new InvalidOptionError(
        "Expected a capability, got 'exactlyOnce'. There are delivery, groups, durableGroups, redelivery, delayedRedelivery, deliveryCount, order, orderAcrossRedelivery, history, replayFromTime, replayFromSequence, deduplication, lease, deadLetters, letterStores, atomicPublish, wildcards, restart.",
      ),
    );
  });

  it.each([
    {
      claims: { order: 'global' },
      message: "Expected the capability 'order' to be 'none' or 'key' or 'total', got 'global'.",
    },
    { claims: { history: 'yes' }, message: "Expected the capability 'history' to be false or true, got 'yes'." },
    { claims: undefined, message: 'Expected capabilities, such as broker.capabilities, got none.' },
    { claims: 'all', message: "Expected capabilities to be an object of options, got 'all'." },
  ])('claims such as $claims', ({ claims, message }) => {
    expect(refusal(claims)).toThrow(new InvalidOptionError(message));
  });

  it.each([
    { option: 'scale', values: [0, -1, NaN, Infinity, '1'], expected: 'a finite number > 0' },
    { option: 'timeLimitMs', values: [0, Infinity, '1'], expected: 'milliseconds > 0 and ≤ 2147483647' },
    { option: 'quietMs', values: [0, -5], expected: 'milliseconds > 0 and ≤ 2147483647' },
    { option: 'leaseMs', values: [0, NaN], expected: 'milliseconds > 0 and ≤ 2147483647' },
    { option: 'restart', values: ['kill'], expected: 'a function' },
    { option: 'createId', values: [5], expected: 'a function' },
    { option: 'unavailable', values: [''], expected: 'a text that is not empty' },
  ])('a $option that is not $expected', ({ option, values, expected }) => {
    for (const value of values) {
      expect(refusal({}, { [option]: value })).toThrow(`Expected ${option} to be ${expected}`);
    }
  });

  it('what opens no broker', () => {
    const makeBroker = memoryBroker() as unknown as () => Broker;
    expect(() => brokerContract(makeBroker, {})).toThrow('Expected makeBroker to be a function, got an object.');
  });
});
