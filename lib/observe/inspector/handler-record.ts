import type { Settlement } from '../../core/outcome.ts';
import type { Attachment, Handling, HandlerPart } from '../../process/probe.ts';
import { errorText } from './error-text.ts';
import { RecentCount } from './recent-count.ts';
import { RecentDurations } from './recent-durations.ts';
import { Sampler } from './sampler.ts';
import { bound, PartRecord } from './part-record.ts';
import type { ErrorSnapshot, HandlerSnapshot, PartSnapshot } from './snapshot.ts';
import { Spell } from './spell.ts';

/** What an inspector keeps of a handler. It counts nothing that the handler counts itself. */
export class HandlerRecord extends PartRecord implements Attachment {
  readonly detached: () => void;
  private readonly part: HandlerPart;
  private readonly sampler: Sampler;
  private readonly waitingMs: RecentDurations;
  private readonly handlingMs: RecentDurations;
  private readonly deaths: RecentCount;
  private readonly full: Spell<boolean>;
  /** Of the events in progress, those that are measured. */
  private readonly timings = new Map<Handling, Timing>();
  private lastError: ErrorSnapshot | undefined = undefined;

  constructor(identity: PartSnapshot, part: HandlerPart, random: () => number, onDetached: () => void) {
    super(identity);
    const { since } = identity;
    this.part = part;
    this.detached = onDetached;
    this.sampler = new Sampler(since, random);
    this.waitingMs = new RecentDurations(since);
    this.handlingMs = new RecentDurations(since);
    this.deaths = new RecentCount(since);
    this.full = new Spell(false, since);
  }

  samples(): boolean {
    return this.sampler.next();
  }

  accepted(handling: Handling, now: number): void {
    this.sampler.heed(now);
    this.timings.set(handling, { since: now, phase: 'waiting', weight: this.sampler.oneIn });
  }

  started(handling: Handling, now: number): void {
    const timing = this.timings.get(handling);
    if (timing === undefined) return;
    if (timing.phase === 'waiting') this.waitingMs.add(now - timing.since, timing.weight, now);
    timing.phase = 'running';
    timing.since = now;
  }

  /** An attempt has ended, however; told of it twice, it heeds the first time. */
  ended(handling: Handling, now: number): void {
    const timing = this.timings.get(handling);
    if (timing?.phase !== 'running') return;
    this.handlingMs.add(now - timing.since, timing.weight, now);
    timing.phase = 'between';
  }

  failed(handling: Handling, error: unknown, now: number): void {
    this.ended(handling, now);
    this.lastError = errorText(error, now);
  }

  settled(handling: Handling, { outcome, error }: Settlement, now: number): void {
    this.ended(handling, now);
    this.timings.delete(handling);
    if (outcome !== 'dead') return;
    this.deaths.add(now);
    this.lastError = errorText(error, now);
  }

  /** What was in progress was given up: how long it took says nothing. */
  dropped(handling: Handling): void {
    this.timings.delete(handling);
  }

  snapshot(now: number): HandlerSnapshot {
    const { part, sampler, lastError } = this;
    const { name: _, lanes: __, running, capacity, droppedBy, ...stats } = part.stats();
    const { suspended, waiting, betweenAttempts } = stats;
    const isFull = suspended > 0 || (capacity > 0 && waiting + betweenAttempts >= capacity);
    const sinceMs = this.full.look(isFull, now);
    const { oneIn } = sampler;
    sampler.beginAnew(now);
    return {
      ...this.identity,
      ...stats,
      inFlight: running,
      droppedBy: { ...droppedBy },
      ...bound(capacity),
      listensTo: [...part.listensTo()],
      fullMs: isFull ? sinceMs : 0,
      deadLastMinute: this.deaths.count(now),
      ...(lastError !== undefined && { lastError }),
      waitingMs: this.waitingMs.percentiles(now),
      handlingMs: this.handlingMs.percentiles(now),
      measuredOneIn: oneIn,
    };
  }
}

/** An event that is measured. */
interface Timing {
  /** When its phase began. */
  since: number;
  phase: 'between' | 'running' | 'waiting';
  /** How many events it stands for. */
  readonly weight: number;
}
