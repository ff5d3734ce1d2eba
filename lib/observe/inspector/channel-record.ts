import type { ChannelStats } from '../../channel/channel.ts';
import type { Part } from '../../process/probe.ts';
import { bound, PartRecord } from './part-record.ts';
import type { ChannelSnapshot, HandlerSnapshot, PartSnapshot } from './snapshot.ts';
import { Spell } from './spell.ts';

/** What an inspector keeps of a channel. */
export class ChannelRecord extends PartRecord {
  private readonly part: ChannelPart;
  private readonly full: Spell<boolean>;

  constructor(identity: PartSnapshot, part: ChannelPart) {
    super(identity);
    this.part = part;
    this.full = new Spell(false, identity.since);
  }

  snapshot(workers: readonly HandlerSnapshot[], now: number): ChannelSnapshot {
    const { state, accepted, handedOut, waiting, abandoned, rejected, suspended, capacity } = this.part.stats();
    const isFull = suspended > 0 || (capacity > 0 && waiting >= capacity);
    const sinceMs = this.full.look(isFull, now);
    return {
      ...this.identity,
      state,
      accepted,
      handedOut,
      waiting,
      abandoned,
      rejected,
      suspended,
      ...bound(capacity),
      fullMs: isFull ? sinceMs : 0,
      workers,
    };
  }
}

/** A channel, as probes see it. */
export interface ChannelPart extends Part {
  stats(): ChannelStats;
}
