import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';

/** Why a case of a contract is not run. */
export interface ContractSkip {
  /** `capability`: the broker does not claim it, which is fine. `environment`: it could not be tried here, which a build server should not accept. */
  readonly kind: 'capability' | 'environment';
  /** What is not claimed, or what is missing here. */
  readonly reason: string;
}

/** What a case has counted. */
export interface ContractReport {
  /** Messages that the broker has confirmed. */
  readonly published: number;
  /** Deliveries, to all groups, repeats included. */
  readonly deliveries: number;
  /** Deliveries of a message that its group had been given before, and had not handed back. */
  readonly duplicates: number;
  /** Duplicates per delivery: 0 ≤ rate \< 1. A failure unless the broker claims `delivery: 'at-least-once'`. */
  readonly duplicateRate: number;
  /** Milliseconds from the first broker's opening to the last one's closing. */
  readonly elapsedMs: number;
}

/** One promise of a broker, and the trial of it. */
export interface ContractCase {
  /** The promise, as a sentence about the broker; unique in its contract. */
  readonly name: string;
  /** Which capabilities make it a promise: all that it names, at that level or a stronger one. */
  readonly needs: Partial<BrokerCapabilities>;
  /** Why it is not run; absent if it is. */
  readonly skip?: ContractSkip;
  /**
   * Tries it with brokers of its own, which it closes. It neither shares topics nor groups with another case or another run.
   *
   * @throws TestFailure that says what was expected, and what came
   */
  readonly run: () => Promise<ContractReport>;
}
