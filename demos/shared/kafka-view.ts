import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { ServerView } from './server-view.ts';

/** What Kafka says of a run. */
export interface KafkaView extends ServerView {
  /** How many events it finds from a time on. */
  eventsSince(time: number): Promise<number>;
}

/**
 * Looks at a run's topic, and at how far its groups have come in it.
 *
 * @param run - begins the names of all that is the run's, followed by a dot
 * @param type - the type of the events, which names their topic
 */
export async function openKafkaView(url: string, run: string, type: string): Promise<KafkaView> {
  const admin = new Kafka({ brokers: [url], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const topic = `${run}.${type}`;
  return {
    async events() {
      const partitions = await admin.fetchTopicOffsets(topic);
      return partitions.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
    },
    async eventsSince(time) {
      const [ends, begins] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchTopicOffsetsByTimestamp(topic, time),
      ]);
      return begins.reduce((sum, { partition, offset }) => sum + endOf(ends, partition).high - Number(offset), 0);
    },
    async unsettled() {
      const lags = await Promise.all((await groupsOf(admin, run)).map((groupId) => lagOf(admin, groupId, topic)));
      return lags.reduce((sum, lag) => sum + lag, 0);
    },
    async remove() {
      await admin.deleteGroups(await groupsOf(admin, run));
      const topics = await admin.listTopics();
      await admin.deleteTopics({ topics: topics.filter((name) => name.startsWith(`${run}.`)) });
    },
    [Symbol.asyncDispose]: async () => admin.disconnect(),
  };
}

async function groupsOf(admin: Admin, run: string): Promise<string[]> {
  const { groups } = await admin.listGroups();
  return groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(`${run}.`));
}

/** How many events are behind the place that a group has committed. One that has committed none has yet to begin. */
async function lagOf(admin: Admin, groupId: string, topic: string): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topic);
  const [place] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const lags = place!.partitions.map(({ partition, offset }) => {
    const { low, high } = endOf(ends, partition);
    return high - Math.max(low, Number(offset));
  });
  return lags.reduce((sum, lag) => sum + lag, 0);
}

function endOf(ends: readonly SeekEntry[], partition: number) {
  const { low, high } = ends.find((end) => end.partition === partition)!;
  return { low: Number(low), high: Number(high) };
}

/** A partition, and the places of its first message and of the next one. */
type SeekEntry = Awaited<ReturnType<Admin['fetchTopicOffsets']>>[number];
