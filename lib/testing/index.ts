export { delayed, flaky, type FlakyHandler, type FlakyOptions, hanging } from './script/flaky.ts';
export { timeline, type Timeline, type TimelineOptions, type WatchableBus } from './picture/timeline.ts';
export { record } from './recording/record.ts';
export type { RecordedEnd, Recording } from './recording/recording.ts';
export { waitFor, type WaitForOptions } from './recording/wait-for.ts';
export { brokerContract } from './contract/broker-contract.ts';
export type { ContractCase, ContractReport, ContractSkip } from './contract/contract-case.ts';
export type { BrokerContractOptions } from './contract/contract-options.ts';
export {
  recordingBroker,
  type RecordedSettlement,
  type RecordingBroker,
  type RecordingBrokerOptions,
} from './recording-broker.ts';
