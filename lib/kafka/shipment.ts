import type { KafkaOutgoing, KafkaRecordMetadata, KafkaTopicMessages } from './kafka-client.ts';
import { partitionOf } from './murmur2.ts';
import type { Outbound } from './wire.ts';

/** A record and its partition, once that is chosen. */
export interface Placed {
  readonly record: Outbound;
  /** Chosen once: who is sent again goes to the same place. */
  partition: number | undefined;
}

/** Records that are sent in one request, by topic and partition. */
export class Shipment<Parcel extends Placed> {
  readonly topicMessages: KafkaTopicMessages[];
  /** The parcels of each partition, in their order. */
  readonly #parcels = new Map<string, Parcel[]>();

  /**
   * @param partitionsOf - how many a topic has
   * @param turn - which one is next for what has no key: the same for all of a topic that are sent together, as one request of many is better than many
   */
  constructor(parcels: readonly Parcel[], partitionsOf: (topic: string) => number, turn: number) {
    const byTopic = new Map<string, KafkaOutgoing[]>();
    for (const parcel of parcels) {
      const { topic, key, value, headers, timestamp } = parcel.record;
      const count = partitionsOf(topic);
      const partition = (parcel.partition ??= key === null ? turn % count : partitionOf(key, count));
      add(byTopic, topic, { key, value, headers, timestamp, partition });
      add(this.#parcels, `${topic}/${partition}`, parcel);
    }
    this.topicMessages = Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
  }

  /** Says of each where it is now, where the server says it. */
  confirm(answers: readonly KafkaRecordMetadata[], tell: (parcel: Parcel, sequence: number | undefined) => void): void {
    const firsts = new Map(
      answers.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, baseOffset]),
    );
    for (const [place, parcels] of this.#parcels) {
      const first = Number(firsts.get(place) ?? -1);
      for (const [index, parcel] of parcels.entries()) {
        // What was recognised as a repeat has no place.
        tell(parcel, first < 0 ? undefined : first + index);
      }
    }
  }
}

function add<Value>(lists: Map<string, Value[]>, name: string, value: Value): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value);
}
