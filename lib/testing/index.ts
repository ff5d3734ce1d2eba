export { type Assertions, createTestKit, type TestKit } from './test-kit.ts';
export { TestFailure } from './test-failure.ts';
export { type Marbles, marbles } from './virtual/marbles.ts';
export { type VirtualTest, virtualTest, type VirtualTestOptions } from './virtual/virtual-test.ts';
export type { VirtualTestContext, VirtualTime } from './virtual/virtual-run.ts';
export type { StreamExpectation } from './virtual/expectations.ts';
export type { SubscriptionSpan } from './virtual/diagram-syntax.ts';
export type { MarbleSource } from './virtual/marble-sources.ts';
export { diagram, type Diagram, type DiagramOptions } from './picture/diagram.ts';
export { timeline, type Timeline, type TimelineOptions, type WatchableBus } from './picture/timeline.ts';
export { type ExpectedError, type Given, given, type When } from './given.ts';
export { delayed, flaky, type FlakyHandler, type FlakyOptions, hanging } from './script/flaky.ts';
export { record } from './recording/record.ts';
export type { RecordedEnd, Recording } from './recording/recording.ts';
export { waitFor, type WaitForOptions } from './recording/wait-for.ts';
export {
  recordingBroker,
  type RecordedSettlement,
  type RecordingBroker,
  type RecordingBrokerOptions,
} from './recording/recording-broker.ts';
export { type Exploration, explore, type ExploreOptions } from './exploration/explore.ts';
export type { ExplorationContext, Scenario } from './exploration/scenario.ts';
export type { Odds } from './exploration/chance-handler.ts';
export type { Schedule } from './exploration/schedule.ts';
export { brokerContract } from './contract/broker-contract.ts';
export type { ContractCase, ContractReport, ContractSkip } from './contract/contract-case.ts';
export type { BrokerContractOptions } from './contract/contract-options.ts';
export { eventStoreContract } from './store-contract/event-store-contract.ts';
export type { StoreContractCase } from './store-contract/store-contract-case.ts';
export type { EventStoreContractOptions } from './store-contract/store-contract-options.ts';
