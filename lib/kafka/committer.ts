import type { SettleOnce } from '../broker/settle-once.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { TopicPlace } from './group-places.ts';
import type { Membership } from './membership.ts';
import type { Held, PartitionLog, Place } from './partition-log.ts';
import { pause } from './turns.ts';

/** How many commits without an answer are remembered: in an outage there is one after another. */
const MOST_ATTEMPTS = 100;
/** Milliseconds before a commit is tried again by who closes. */
const AGAIN_MS = 50;

/** Commits a group's places, a while after something was acknowledged. What comes again after a crash was acknowledged in that while. */
export class Committer implements Acknowledger {
  readonly #member: () => Membership | undefined;
  readonly #everyMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #changed = new Set<PartitionLog>();
  #timer: Subscription | undefined;
  #committing: Promise<boolean> | undefined;

  /** @param member - who may commit now */
  constructor(member: () => Membership | undefined, everyMs: number, scheduler: SchedulerLike) {
    this.#member = member;
    this.#everyMs = everyMs;
    this.#scheduler = scheduler;
  }

  async fence(): Promise<void> {
    // Commits are of a generation of the group: the server takes none of a former one.
  }

  ack({ tag }: SettleOnce<Held>): undefined {
    this.#change(tag.log);
  }

  rebalancing(): void {
    void this.#commit();
  }

  dropped(log: PartitionLog): void {
    this.#changed.delete(log);
  }

  /** Whoever was away for a while cannot know. */
  isSure(): boolean {
    return false;
  }

  /** What was acknowledged is committed, and tried again for a while. */
  async finish(logs: Iterable<PartitionLog>, limitMs: number): Promise<void> {
    this.#timer?.unsubscribe();
    for (const log of logs) this.#changed.add(log);
    const until = this.#scheduler.now() + limitMs;
    while (!(await this.#commit()) && this.#scheduler.now() < until) await pause(AGAIN_MS, this.#scheduler);
    this.#timer?.unsubscribe();
    this.#changed.clear();
  }

  #change(log: PartitionLog): void {
    this.#changed.add(log);
    this.#timer ??= this.#scheduler.schedule(() => {
      this.#timer = undefined;
      void this.#commit();
    }, this.#everyMs);
  }

  /** Commits now. @returns whether the group has all that was acknowledged before */
  async #commit(): Promise<boolean> {
    // One at a time: the server has the last word of the last one.
    while (this.#committing !== undefined) await this.#committing;
    this.#committing = this.#send().finally(() => {
      this.#committing = undefined;
    });
    return this.#committing;
  }

  async #send(): Promise<boolean> {
    const member = this.#member();
    const logs: (readonly [PartitionLog, Place])[] = [];
    const places: TopicPlace[] = [];
    for (const log of this.#changed) {
      const { topic, partition, place } = log;
      const { offset, metadata } = place;
      if (log.isLost || (offset === log.committed.offset && metadata === log.committed.metadata)) continue;
      logs.push([log, place]);
      places.push({ topic, partition, ...place });
    }
    this.#changed.clear();
    if (places.length === 0) return true;
    try {
      if (member === undefined) throw new Error('There is no member.');
      for (const [log, place] of logs) log.attempts = [...log.attempts, place].slice(-MOST_ATTEMPTS);
      await member.commit(places);
      for (const [log, place] of logs) log.commit(place);
      return true;
    } catch {
      // Later, or by who has the partition then.
      for (const [log] of logs) if (!log.isLost) this.#change(log);
      return false;
    }
  }
}
