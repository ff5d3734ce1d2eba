import type { CapabilityName } from '../../../broker/broker-capabilities.ts';
import type { SubscribeOptions } from '../../../broker/broker-subscription.ts';
import { InvalidOptionError } from '../../../core/errors.ts';
import { TestFailure } from '../../test-failure.ts';
import { unclaimed } from '../capability-claims.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectDelivered, expectEqual, expectOnly, expectRejection, expectThrown } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const declarationCases: readonly CaseDefinition[] = [
  { name: 'declares the capabilities that it is tested for', needs: {}, run: declaresItsClaims },
  { name: 'refuses options for which it declares no capability', needs: {}, run: refusesWhatItHasNot },
  {
    name: 'refuses to keep letters, or to publish with an acknowledgement, where it declares that it cannot',
    needs: {},
    run: refusesCallsThatItHasNot,
  },
  { name: 'refuses subscriptions that no broker can make', needs: {}, run: refusesNonsense },
];

async function declaresItsClaims(trial: Trial): Promise<void> {
  const { capabilities } = await trial.open();
  const undeclared = unclaimed(capabilities, trial.claims);
  if (undeclared.length === 0) return;
  throw new TestFailure(
    `Expected the broker to declare all that it is tested for, got capabilities without ${undeclared.join(', ')}.`,
    { expected: trial.claims, actual: capabilities },
  );
}

const OPTIONS: readonly [CapabilityName, Partial<SubscribeOptions>][] = [
  ['history', { from: 'earliest' }],
  ['replayFromTime', { from: { time: 0 } }],
  ['replayFromSequence', { from: { sequence: 1 } }],
  ['lease', { leaseMs: 1_000 }],
  ['deadLetters', { deadLetter: { topic: 'contract.dead', maxDeliveries: 3 } }],
  ['wildcards', { topics: 'contract.*' }],
];

async function refusesWhatItHasNot(trial: Trial): Promise<void> {
  const broker = await trial.open();
  for (const [name, option] of OPTIONS) {
    const level = broker.capabilities[name];
    if (level === true || (level !== false && level !== 'none')) continue;
    const options = { topics: trial.topic(), group: trial.group(name), ...option };
    const what = `subscribe with ${Object.keys(option).join()} and without the capability '${name}'`;
    await expectThrown(trial, () => broker.subscribe(options), what, InvalidOptionError);
  }
}

async function refusesCallsThatItHasNot(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const { letterStores, atomicPublish } = broker.capabilities;
  if (!letterStores) {
    const store = (): unknown => broker.letterStore(trial.group('letters'));
    await expectThrown(trial, store, `letterStore() without the capability 'letterStores'`, InvalidOptionError);
  }
  if (atomicPublish) return;
  const consumer = await trial.consume(broker, {}, () => undefined);
  const [input, output] = trial.messages(2);
  await trial.publish(broker, [input!]);
  await expectDelivered(trial, consumer, [input!]);
  const { delivery } = consumer.received[0]!;
  const acking = delivery.ack({ publish: [output!] });
  await expectRejection(trial, acking, `ack({ publish }) without the capability 'atomicPublish'`, InvalidOptionError);
  expectEqual('whether the signal of the delivery is aborted then', delivery.signal.aborted, false);
  await trial.within(delivery.ack({ publish: [] }), 'ack() of what is unsettled still to resolve');
  await trial.quiet();
  expectOnly(consumer, [input!]);
}

async function refusesNonsense(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const valid = { topics: trial.topic(), group: trial.group() };
  const nonsense: readonly Partial<SubscribeOptions>[] = [
    { group: 'a group with spaces' },
    { group: '' },
    { topics: [] },
    { topics: 'two words' },
    { maxInFlight: 0 },
  ];
  for (const options of nonsense) {
    const what = `subscribe with ${JSON.stringify(options)}`;
    await expectThrown(trial, () => broker.subscribe({ ...valid, ...options }), what, InvalidOptionError);
  }
}
