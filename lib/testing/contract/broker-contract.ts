import type { Broker } from '../../broker/broker.ts';
import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import { expectFunction } from '../../core/options.ts';
import { checkedClaims, unclaimed } from './capability-claims.ts';
import { brokerCases } from './cases/index.ts';
import type { CaseDefinition } from './case-definition.ts';
import type { ContractCase, ContractSkip } from './contract-case.ts';
import { type BrokerContractOptions, checkedOptions, type CheckedContractOptions } from './contract-options.ts';
import { runTrial } from './run-trial.ts';

/**
 * The promises of a broker as a list of cases, for any test runner to loop over. Each capability that is claimed adds cases, and none takes one away; a case that
 * is skipped says why.
 *
 * @param makeBroker - opens a client; all those it opens must reach the same server, so that what one publishes another receives, and what one leaves
 * behind is there for the next
 * @param capabilities - what is claimed: the broker's own, or less; what is not named is not claimed
 * @throws InvalidOptionError for a capability that does not exist, or that has no such level; for an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryBroker, memoryBrokerStore } from 'millrace';
 * import { brokerContract } from 'millrace/testing';
 *
 * const store = memoryBrokerStore();
 * const makeBroker = () => memoryBroker({ store });
 * for (const { name, skip, run } of brokerContract(makeBroker, makeBroker().capabilities, { scale: 0.01 })) {
 *   if (skip !== undefined) {
 *     console.log(`- ${name}: ${skip.reason}`);
 *     continue;
 *   }
 *   const { duplicateRate } = await run(); // rejects with what was expected, and what came
 *   console.log(`✓ ${name} (${duplicateRate} repeated)`);
 * }
 * ```
 */
export function brokerContract(
  makeBroker: () => Broker | Promise<Broker>,
  capabilities: Partial<BrokerCapabilities>,
  options: BrokerContractOptions = {},
): readonly ContractCase[] {
  expectFunction('makeBroker', makeBroker, true);
  const claims = checkedClaims(capabilities);
  const checked = checkedOptions(options);
  return brokerCases.map((definition) => {
    const { name, needs } = definition;
    const skip = skipOf(definition, claims, checked);
    const run: ContractCase['run'] = () => runTrial(definition, makeBroker, claims, checked);
    return skip === undefined ? { name, needs, run } : { name, needs, skip, run };
  });
}

function skipOf(
  { needs, isRestarting = false }: CaseDefinition,
  claims: BrokerCapabilities,
  { restart, unavailable }: CheckedContractOptions,
): ContractSkip | undefined {
  const missing = unclaimed(claims, needs);
  if (missing.length > 0) return { kind: 'capability', reason: `not claimed: ${missing.join(', ')}` };
  if (unavailable !== undefined) return { kind: 'environment', reason: unavailable };
  if (isRestarting && restart === undefined) {
    return { kind: 'environment', reason: `no option 'restart' that restarts the broker` };
  }
  return undefined;
}
