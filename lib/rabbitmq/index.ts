/**
 * Carries messages over RabbitMQ: `import { rabbitMqBroker } from 'millrace/rabbitmq'`.
 *
 * @packageDocumentation
 */
export type {
  RabbitMqChannel,
  RabbitMqConfirmChannel,
  RabbitMqConnection,
  RabbitMqExchangeOptions,
  RabbitMqMessage,
  RabbitMqProperties,
  RabbitMqQueueOptions,
} from './amqp.ts';
export type {
  RabbitMqBrokerOptions,
  RabbitMqClientOptions,
  RabbitMqConnectOptions,
  RabbitMqExchange,
  RabbitMqExchangeType,
  RabbitMqOptions,
  RabbitMqQueue,
} from './options.ts';
export { rabbitMqBroker } from './rabbit-mq-broker.ts';
