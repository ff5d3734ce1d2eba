import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import type { Trial } from './trial.ts';

/** A case before a broker is at hand. */
export interface CaseDefinition {
  readonly name: string;
  readonly needs: Partial<BrokerCapabilities>;
  /** Whether it restarts the broker. */
  readonly isRestarting?: boolean;
  readonly run: (trial: Trial) => Promise<void>;
}
