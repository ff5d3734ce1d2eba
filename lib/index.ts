export { type AttemptRecord, type DeadLetter, type DeadLetterReason } from './core/dead-letter.ts';
export type { Codec } from './core/codec.ts';
export {
  ClosedError,
  type ErrorCode,
  HandlerTimeoutError,
  InvalidOptionError,
  MillraceError,
  OverflowError,
} from './core/errors.ts';
export {
  type DataOf,
  defineEvent,
  type EventDefinition,
  type EventOptions,
  type MessageOf,
  type RoundTrip,
} from './core/event-definition.ts';
export { type CreateId, createUuidV7, randomId } from './core/ids.ts';
export { NotJsonError } from './core/json.ts';
export {
  copyMessage,
  type EventMessage,
  type MessageHeaders,
  type MessageOptions,
  type PlainMessage,
} from './core/message.ts';
export type {
  ConfirmedReport,
  DeliveryReport,
  DropReason,
  HandlerReport,
  Outcome,
  PublishReport,
  Settlement,
} from './core/outcome.ts';
export { payload, SchemaError, type SchemaIssue } from './core/schema.ts';
export { batch, type BatchOptions } from './flow/batch.ts';
export type { BatchPolicy } from './flow/batch-policy.ts';
export { type CircuitBreakerPolicy, CircuitOpenError, type CircuitState } from './flow/circuit.ts';
export { circuitBreaker, type CircuitBreakerOptions } from './flow/circuit-breaker.ts';
export { type DeadLetterSink, deadLetterTo } from './flow/dead-letter-to.ts';
export { deduplicate, type DeduplicateOptions } from './flow/deduplicate.ts';
export type { LaneSize } from './flow/lanes.ts';
export { mergeMapByKey } from './flow/merge-map-by-key.ts';
export { rateLimit, type RateLimitBounds, type RateLimitOptions, type RateLimitOverflow } from './flow/rate-limit.ts';
export type { Jitter, RetryPolicy } from './flow/retry-policy.ts';
export { retryWithBackoff, type RetryWithBackoffOptions } from './flow/retry-with-backoff.ts';
export { createProcessor } from './process/create-processor.ts';
export {
  createDeadLetterQueue,
  DeadLetterQueue,
  type DeadLetterQueueOptions,
  type DeadLetterStats,
  type LetterSelection,
} from './process/dead-letter-queue.ts';
export {
  type DeadLetterStore,
  memoryDeadLetterStore,
  type MemoryDeadLetterStoreOptions,
} from './process/dead-letter-store.ts';
export type { AcceptedEvent, SettlementListener } from './process/delivery.ts';
export type { ErrorKind, ReportedError } from './process/error-reports.ts';
export type { Handler, HandlerContext, HandlerFunction, HandlerObject } from './process/handler.ts';
export type { Attachment, HandlerPart, Handling, Part, Probe, Retry } from './process/probe.ts';
export type { Processor } from './process/processor.ts';
export type { Batched, HandlerOptions, Overflow, ProcessorOptions, Strategy } from './process/processor-options.ts';
export type { RedriveOptions, RedriveReport } from './process/redrive.ts';
export { type SplitResults, splitResults, type SplitResultsOptions } from './process/split-results.ts';
export type { HeldOverflow } from './process/held-stream.ts';
export type { Probes } from './process/watch.ts';
export type { DrainOptions, DrainReport, ProcessorStats } from './process/stats.ts';
export { type ResultHandler, supervise } from './process/supervise.ts';
export type { ResultOf, Supervised, SupervisedFailure, SupervisedSuccess } from './process/supervised.ts';
export type { Channel, ChannelOptions, ChannelStats } from './channel/channel.ts';
export type { ChannelWorkers, WorkerOptions } from './channel/channel-workers.ts';
export { createChannel } from './channel/create-channel.ts';
export { createEventBus, type EventBusOptions } from './bus/create-event-bus.ts';
export type { BusPart } from './bus/bus-part.ts';
export type { BusStats } from './bus/bus-stats.ts';
export type { EventBus, ReadonlyEventBus } from './bus/event-bus.ts';
export type { EventEmitter, Payload, PublishOptions } from './bus/event-emitter.ts';
export type { EventSource, MessageFrom, Reachable } from './bus/event-source.ts';
export { createEventSubject, EventSubject, type SubjectOptions } from './bus/event-subject.ts';
export type { BusHandlerContext, EventSubscription, OnOptions } from './bus/event-subscription.ts';
export type { HubOptions } from './bus/hub-options.ts';
export type { Aggregate, AggregateOptions, NewEventOf } from './sourcing/aggregate.ts';
export { createEventStore, type EventStoreOptions } from './sourcing/create-event-store.ts';
export { createRepository, type RepositoryOptions } from './sourcing/create-repository.ts';
export { defineAggregate, type DefinedAggregateOptions } from './sourcing/define-aggregate.ts';
export type { DocumentStore, StoredDocument } from './sourcing/document-store.ts';
export {
  DuplicateEventError,
  OutcomeUnknownError,
  ProjectionStoppedError,
  StoreFormatError,
  StoreUnavailableError,
  StreamDeletedError,
  VersionConflictError,
  WrongHistoryError,
} from './sourcing/errors.ts';
export type {
  AppendResult,
  EventStore,
  ExpectedVersion,
  ExpectOptions,
  ReadAllOptions,
  ReadStreamOptions,
  StoreHead,
  StreamSelection,
  SubscribeToStoreOptions,
} from './sourcing/event-store.ts';
export type {
  AllPage,
  AllPageRequest,
  AppendOutcome,
  DeleteOutcome,
  EventStoreBackend,
  StoredEvent,
  StoredRecord,
  StreamPageRequest,
} from './sourcing/event-store-backend.ts';
export { LeaseLostError } from './sourcing/lease.ts';
export { memoryEventStore } from './sourcing/memory-event-store.ts';
export type { NewEvent } from './sourcing/new-event.ts';
export { type ProjectionProgress, projectionProgress } from './sourcing/progress.ts';
export type {
  BatchedProjectionDefinition,
  Projection,
  ProjectionBasics,
  ProjectionContext,
  ProjectionDefinition,
  ProjectionHandlers,
  ProjectionOptions,
  ProjectionState,
  ProjectionStats,
  RebuildOptions,
  RebuildProgress,
} from './sourcing/projection.ts';
export type { Checkpoint, RecordedEvent, RecordedOf } from './sourcing/recorded-event.ts';
export type { Executed, ExecutedEvent, ExecuteOptions, Loaded, Repository } from './sourcing/repository.ts';
export { runProjection } from './sourcing/run-projection.ts';
export { type Upcaster, type Upcasters, withUpcasters } from './sourcing/with-upcasters.ts';
export type { Broker, BrokerPublishOptions } from './broker/broker.ts';
export type { BrokerCapabilities, CapabilityName } from './broker/broker-capabilities.ts';
export type { AckOptions, BrokerDelivery, NackOptions } from './broker/broker-delivery.ts';
export type { BrokerLetterStore } from './broker/broker-letter-store.ts';
export type { BrokerMessage, PublishReceipt } from './broker/broker-message.ts';
export type { BrokerState, BrokerStats } from './broker/broker-stats.ts';
export type { BrokerSubscription, DeadLetterOptions, SubscribeOptions } from './broker/broker-subscription.ts';
export { BrokerUnavailableError, TopologyError } from './broker/broker-errors.ts';
export type {
  BrokeredBusStats,
  BrokeredEventBus,
  BrokeredHandlerContext,
  BrokeredOnOptions,
  OutgoingStats,
  RedeliveryPolicy,
} from './broker/brokered/brokered-bus.ts';
export type { BrokeredHubOptions } from './broker/brokered/brokered-hub-options.ts';
export { createBrokeredBus, type BrokeredBusOptions } from './broker/brokered/create-brokered-bus.ts';
export type { OutgoingOptions } from './broker/brokered/outgoing.ts';
export { InvalidMessageError } from './broker/wire/invalid-message-error.ts';
export { DeliveryLostError } from './broker/delivery-lost-error.ts';
export { relay, type Relay, type RelayOptions, type RelayTarget } from './broker/relay.ts';
export { memoryBroker, type MemoryBrokerOptions } from './broker/memory-broker.ts';
export type {
  MemoryBrokerStats,
  MemoryBrokerStore,
  MemoryBrokerStoreOptions,
  StoreOverflow,
} from './broker/memory-broker-options.ts';
export { memoryBrokerStore } from './broker/memory-broker-store.ts';
export type { MemoryGroupStats } from './broker/memory-group.ts';
export type { EventTrace, RecordedBus, TracedEnd, TracedEvent, TraceNode } from './observe/trace/event-trace.ts';
export { type Correlated, trace } from './observe/trace/trace.ts';
export { logProbe, type LogProbeOptions } from './observe/log/log-probe.ts';
export type { LogLevel, LogMethod, LogStyle, LogTarget } from './observe/log/log-target.ts';
export { type Health, health } from './observe/health/health.ts';
export type { HealthReason } from './observe/health/broken-rules.ts';
export type { HealthRule, HealthRules, HealthSeverity } from './observe/health/health-rules.ts';
export type { Percentiles } from './observe/inspector/histogram.ts';
export {
  createInspector,
  type Inspector,
  type InspectorOptions,
  type InspectorWatchOptions,
} from './observe/inspector/inspector.ts';
export type {
  BrokerSnapshot,
  BusSnapshot,
  ChannelSnapshot,
  ErrorSnapshot,
  HandlerCounts,
  HandlerSnapshot,
  InspectorSnapshot,
  PartSnapshot,
  ProjectionSnapshot,
} from './observe/inspector/snapshot.ts';
export { toMermaid } from './observe/mermaid/to-mermaid.ts';
