export { delayed, flaky, type FlakyHandler, type FlakyOptions, hanging } from './script/flaky.ts';
export { diagram, type Diagram, type DiagramOptions } from './picture/diagram.ts';
export { timeline, type Timeline, type TimelineOptions, type WatchableBus } from './picture/timeline.ts';
export { type Assertions, createTestKit, type TestKit } from './test-kit.ts';
export { TestFailure } from './test-failure.ts';
export type { StreamExpectation } from './virtual/expectations.ts';
export type { SubscriptionSpan } from './virtual/diagram-syntax.ts';
export type { MarbleSource } from './virtual/marble-sources.ts';
export { type Marbles, marbles } from './virtual/marbles.ts';
export type { VirtualTestContext, VirtualTime } from './virtual/virtual-run.ts';
export { type VirtualTest, virtualTest, type VirtualTestOptions } from './virtual/virtual-test.ts';
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
export type { Odds } from './exploration/chance-handler.ts';
export {
  type Exploration,
  type ExplorationContext,
  explore,
  type ExploreOptions,
  type Scenario,
} from './exploration/explore.ts';
export type { Schedule } from './exploration/schedule.ts';
