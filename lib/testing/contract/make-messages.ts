import type { BrokerMessage } from '../../broker/broker-message.ts';

/** What messages have in common, and how their keys are dealt out. */
export interface MessagePlan {
  readonly topic?: string;
  /** Keys that take turns. @defaultValue none */
  readonly keys?: number;
  /** Tells the messages of several calls apart. @defaultValue 'm' */
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What they carry. @defaultValue texts of which no two are alike */
  readonly bodies?: readonly Uint8Array[];
  /** The time of the first; each is a millisecond later. @defaultValue none */
  readonly time?: number;
}

/** Messages that say in their headers which is which. */
export function makeMessages(
  count: number,
  prefix: string,
  { topic = 'orders', keys = 0, name = 'm', headers = {}, bodies = [], time }: MessagePlan,
): readonly BrokerMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${prefix}-${name}${index + 1}`;
    return {
      id,
      topic,
      body: bodies[index] ?? new TextEncoder().encode(`body of ${id}`),
      headers: { ...headers, 'contract-index': String(index) },
      ...(keys > 0 && { key: `key-${index % keys}` }),
      ...(time !== undefined && { time: time + index }),
    };
  });
}
