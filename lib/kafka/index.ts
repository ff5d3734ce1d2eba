/**
 * Carries messages over Kafka: `import { kafkaBroker } from 'millrace/kafka'`.
 *
 * @packageDocumentation
 */
export { kafkaBroker } from './kafka-broker.ts';
export type {
  KafkaAdmin,
  KafkaBatch,
  KafkaBatchPayload,
  KafkaClient,
  KafkaConsumer,
  KafkaConsumerConfig,
  KafkaHeaders,
  KafkaIncoming,
  KafkaOutgoing,
  KafkaPartitionOffset,
  KafkaProducer,
  KafkaProducerConfig,
  KafkaRecord,
  KafkaRecordMetadata,
  KafkaRetry,
  KafkaSender,
  KafkaTopicMessages,
  KafkaTopicOffsets,
  KafkaTransaction,
} from './kafka-client.ts';
export type {
  KafkaBrokerOptions,
  KafkaClientOptions,
  KafkaConnectOptions,
  KafkaOptions,
  KafkaTopics,
} from './options.ts';
