import type { BrokerCapabilities } from 'millrace';
import type { SeamReport } from './ledger.ts';
import type { SeamRun } from './seam-run.ts';

/** A place where a broker and its users come apart, and what must not be lost there. */
export interface Seam {
  /** The promise, as a sentence about the broker. */
  readonly name: string;
  readonly needs: Partial<BrokerCapabilities>;
  /** Whether it needs a process of its own. */
  readonly isSpawning?: boolean;
  readonly run: (run: SeamRun) => Promise<SeamReport>;
}
