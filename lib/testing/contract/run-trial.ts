import type { Broker } from '../../broker/broker.ts';
import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import type { CaseDefinition } from './case-definition.ts';
import type { ContractReport } from './contract-case.ts';
import type { CheckedContractOptions } from './contract-options.ts';
import { Trial } from './trial.ts';

/** Runs a case, and closes what it has opened, however it ends. */
export async function runTrial(
  { run }: CaseDefinition,
  makeBroker: () => Broker | Promise<Broker>,
  claims: BrokerCapabilities,
  options: CheckedContractOptions,
): Promise<ContractReport> {
  const trial = new Trial(makeBroker, claims, options);
  try {
    await run(trial);
    await trial.close();
    return trial.report();
  } catch (error) {
    // What the case has found says more than what fails after it.
    await trial.abandon();
    throw error;
  } finally {
    trial.end();
  }
}
