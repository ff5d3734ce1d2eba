import type { CheckedSubscription } from '../broker/check-subscription.ts';
import type { KafkaAdmin } from './kafka-client.ts';
import type { Link } from './link.ts';
import type { Place } from './partition-log.ts';
import type { Topics } from './topics.ts';

/** Where a group is, by topic and partition; without what it has no place in yet. */
export type Places = ReadonlyMap<string, Place>;

/** A place that is to be committed. */
export interface TopicPlace extends Place {
  readonly topic: string;
  readonly partition: number;
}

/** A partition that a member has been dealt. */
export interface DealtPartition {
  readonly topic: string;
  readonly partition: number;
  /** Both. */
  readonly name: string;
}

/** Names a partition. */
export function placeName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** Asks the server where a group is, and where it is to begin. */
export class GroupPlaces {
  readonly groupId: string;
  readonly #link: Link;
  readonly #topics: Topics;
  readonly #from: CheckedSubscription['from'];

  constructor(link: Link, topics: Topics, groupId: string, from: CheckedSubscription['from']) {
    this.#link = link;
    this.#topics = topics;
    this.groupId = groupId;
    this.#from = from;
  }

  /** Where the group is, in all that it has ever had. */
  async read(): Promise<Places> {
    const { groupId } = this;
    const offsets = await this.#link.ask(async (admin) => admin.fetchOffsets({ groupId }));
    const places = new Map<string, Place>();
    for (const { topic, partitions } of offsets) {
      for (const { partition, offset, metadata } of partitions) {
        if (Number(offset) < 0) continue;
        places.set(placeName(topic, partition), { offset: Number(offset), metadata: metadata ?? '' });
      }
    }
    return places;
  }

  /** The partitions of these topics in which the group has no place. */
  missing(
    topics: readonly string[],
    places: Places,
  ): readonly { readonly topic: string; readonly partition: number }[] {
    return topics.flatMap((topic) =>
      Array.from({ length: this.#topics.partitionsOf(topic) ?? 0 }, (_, partition) => ({ topic, partition })).filter(
        ({ partition }) => !places.has(placeName(topic, partition)),
      ),
    );
  }

  /**
   * Where the group begins in partitions in which it has no place.
   *
   * @param isKnown - whether it has begun elsewhere: then these have come since, and it wants all of them
   */
  async beginnings(
    missing: readonly { readonly topic: string; readonly partition: number }[],
    isKnown: boolean,
  ): Promise<readonly TopicPlace[]> {
    const from = isKnown ? 'earliest' : this.#from;
    const topics = [...new Set(missing.map(({ topic }) => topic))];
    const starts = new Map<string, number>();
    for (const topic of topics) {
      const places = await this.#link.ask(async (admin) => startsOf(admin, topic, from));
      for (const { partition, offset } of places) starts.set(placeName(topic, partition), offset);
    }
    return missing.flatMap(({ topic, partition }) => {
      const offset = starts.get(placeName(topic, partition));
      return offset === undefined ? [] : [{ topic, partition, offset, metadata: '' }];
    });
  }
}

async function startsOf(
  admin: KafkaAdmin,
  topic: string,
  from: CheckedSubscription['from'],
): Promise<readonly { readonly partition: number; readonly offset: number }[]> {
  if (typeof from === 'object' && 'time' in from) {
    const places = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.ceil(from.time)));
    return places.map(({ partition, offset }) => ({ partition, offset: Number(offset) }));
  }
  const places = await admin.fetchTopicOffsets(topic);
  return places.map(({ partition, high, low }) => {
    const [first, end] = [Number(low), Number(high)];
    if (from === 'new') return { partition, offset: end };
    return {
      partition,
      offset: from === 'earliest' ? first : Math.min(end, Math.max(first, Math.ceil(from.sequence))),
    };
  });
}
