import type { KafkaProducerConfig } from './kafka-client.ts';

/** What every producer is told. */
export const PRODUCER: KafkaProducerConfig = /* @__PURE__ */ Object.freeze({
  allowAutoTopicCreation: false,
  createPartitioner: () => partitionGiven,
});

function partitionGiven({ message }: { readonly message: { readonly partition: number } }): number {
  return message.partition;
}
