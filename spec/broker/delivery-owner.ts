import { type BrokerCapabilities, memoryBroker } from 'millrace';
import type { DeliveryOwner } from '../../lib/broker/settle-once.ts';

/** What an owner was asked, in words, with the answers that it gives. */
export interface TestOwner extends DeliveryOwner<string> {
  readonly asked: string[];
}

/** Settles deliveries with nobody. */
export function ownerOf(
  capabilities: Partial<BrokerCapabilities> = {},
  answer: () => Promise<void> = () => Promise.resolve(),
): TestOwner {
  const asked: string[] = [];
  const say = (words: string): Promise<void> => {
    asked.push(words);
    return answer();
  };
  return {
    asked,
    broker: { name: 'test', capabilities: { ...memoryBroker().capabilities, ...capabilities } },
    now: () => 17,
    ack: ({ tag }, publish) => say(`ack ${tag}${publish.map(({ id, time }) => ` + ${id} at ${time}`).join('')}`),
    nack: ({ tag }, delayMs) => say(`nack ${tag} for ${delayMs}`),
    extend: ({ tag }) => say(`extend ${tag}`),
  };
}
