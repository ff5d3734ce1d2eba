import type { BrokerMessage } from './broker-message.ts';
import type { DeadLetterOptions } from './broker-subscription.ts';
import type { GroupCopy } from './group-copy.ts';

/** What goes to the dead-letter topic for a message that a group gives up. */
export function deadLetterOf(
  { stored: { message }, deliveryCount }: GroupCopy,
  group: string,
  { topic }: DeadLetterOptions,
): BrokerMessage {
  const headers = {
    ...message.headers,
    'dead-letter-topic': message.topic,
    'dead-letter-group': group,
    'dead-letter-deliveries': String(deliveryCount),
  };
  return Object.freeze({ ...message, topic, headers: Object.freeze(headers) });
}
