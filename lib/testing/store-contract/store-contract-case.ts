import type { ContractSkip } from '../contract/contract-case.ts';
import type { StoreTrial } from './store-trial.ts';

/** One promise of an event store, and the trial of it. */
export interface StoreContractCase {
  /** The promise, as a sentence about the store; unique in its contract. */
  readonly name: string;
  /** Why it is not run; absent if it is. */
  readonly skip?: ContractSkip;
  /**
   * Tries it with stores of its own, which it closes. It shares no stream, document or id with another case or another run.
   *
   * @throws TestFailure that says what was expected, and what came
   */
  readonly run: () => Promise<void>;
}

/** A case before a store is at hand. */
export interface StoreCase {
  readonly name: string;
  /** Whether it needs several clients of one database. */
  readonly needsMany?: boolean;
  readonly run: (trial: StoreTrial) => Promise<void>;
}
