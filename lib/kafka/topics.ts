import { TopologyError } from '../broker/broker-errors.ts';
import { failureOf, isRefusal } from './failures.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import { pause } from './turns.ts';

/** Begins the names of topics that are ours. */
const OURS = '_millrace.';
/** How often a topic that was made is looked for, and the milliseconds between. */
const LOOKS = 100;
const LOOK_AGAIN_MS = 50;

/** What a topic is for. */
export type TopicKind = 'letters' | 'messages';

/** The topics of the server, as far as they are known; and makes those that are missing. */
export class Topics {
  readonly #link: Link;
  readonly #options: CheckedOptions;
  /** Partitions by topic. */
  #partitions: ReadonlyMap<string, number> = new Map();
  #lookedAt = -Infinity;
  #look: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(link: Link, options: CheckedOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** The topic of a letter store. */
  lettersTopic(name: string): string {
    return `${this.#options.prefix}${OURS}letters.${name}`;
  }

  /** The topic of what a group gets again later. */
  retryTopic(group: string): string {
    return `${this.#options.prefix}${OURS}retry.${group}`;
  }

  /** How many partitions a topic has; undefined if it is not known. */
  partitionsOf(topic: string): number | undefined {
    return this.#partitions.get(topic);
  }

  /** Tells of topics that this client has made. */
  onMade(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known may be wrong. */
  forget(): void {
    this.#partitions = new Map();
  }

  /** Topics of the server without their prefix, but for ours and Kafka's own. */
  async list(): Promise<readonly string[]> {
    await this.look();
    const { prefix } = this.#options;
    const names: string[] = [];
    for (const name of this.#partitions.keys()) {
      if (!name.startsWith(prefix) || name.startsWith('__')) continue;
      const topic = name.slice(prefix.length);
      if (!topic.startsWith(OURS)) names.push(topic);
    }
    return names;
  }

  /**
   * Makes topics that are missing, if they may be made.
   *
   * @throws TopologyError for those that are missing still
   */
  async ensure(names: readonly string[], kind: TopicKind = 'messages'): Promise<void> {
    const isMissing = (name: string): boolean => !this.#partitions.has(name);
    const isOld = this.#options.scheduler.now() - this.#lookedAt > this.#options.topicRefreshMs * 30;
    if (!isOld && !names.some(isMissing)) return;
    await this.look();
    const missing = names.filter(isMissing);
    if (missing.length === 0) return;
    if (!this.#options.manage) {
      throw new TopologyError(
        `Expected topic '${missing.join("', '")}' to be on the server, got none of that name. Make it, or let the broker make it with 'manage: true'.`,
      );
    }
    await this.#make(missing, kind);
    for (const listener of this.#listeners) listener();
  }

  /** Reads what there is, not before now: whoever asks while it is being read shares the next one. */
  look(): Promise<void> {
    if (this.#look === undefined) return this.#begin();
    this.#next ??= this.#look
      .catch(() => undefined)
      .then(async () => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    if (this.#look !== undefined) return this.#look;
    this.#look = this.#read().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  async #read(): Promise<void> {
    const { topics } = await this.#link.ask(async (admin) => admin.fetchTopicMetadata());
    this.#partitions = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    this.#lookedAt = this.#options.scheduler.now();
  }

  async #make(names: readonly string[], kind: TopicKind): Promise<void> {
    const { partitions = -1, replicationFactor = -1, config = {} } = this.#options.topics;
    const settings = kind === 'letters' ? { 'cleanup.policy': 'compact' } : config;
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    // Letters are in order as they come: one partition.
    const numPartitions = kind === 'letters' ? 1 : partitions;
    const topics = names.map((topic) => ({ topic, numPartitions, replicationFactor, configEntries }));
    let failure: unknown;
    try {
      await this.#link.ask(async (admin) => admin.createTopics({ topics, waitForLeaders: true }));
    } catch (error) {
      if (isRefusal(error)) throw error;
      // Another client may have made some of them.
      failure = error;
    }
    for (let looks = 0; looks < LOOKS; looks++) {
      await this.look();
      if (names.every((name) => this.#partitions.has(name))) return;
      if (failure !== undefined) break;
      await pause(LOOK_AGAIN_MS, this.#options.scheduler);
    }
    throw failureOf(failure, `topic '${names.join("', '")}' to be made`);
  }
}
