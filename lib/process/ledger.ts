import type { DropReason } from '../core/outcome.ts';
import type { Lane } from '../flow/lanes.ts';
import type { Delivery, Entry } from './delivery.ts';
import type { ErrorReports } from './error-reports.ts';
import { Counters } from './stats.ts';
import type { Audience, PartWatch } from './part-watch.ts';

/** What a ledger needs to tell. */
export interface LedgerOptions<Item> {
  readonly name: string;
  readonly watch: PartWatch;
  readonly errors: ErrorReports;
  /** Called when what held a lane has ended. */
  readonly release: (lane: Lane<Entry<Item>>) => void;
}

/**
 * Keeps the books: what was taken, and its one end. Counting comes first and calls nobody; telling comes after, and may call back with
 * anything.
 */
export class Ledger<Item> {
  readonly counters: Counters = new Counters();
  private readonly options: LedgerOptions<Item>;

  constructor(options: LedgerOptions<Item>) {
    this.options = options;
  }

  /** Counts an event as taken. */
  take(delivery: Delivery<Item>): void {
    this.countTaken(delivery);
    this.counters.pending++;
    delivery.isTaken = true;
  }

  /** Counts the end of an event, once; one that was never let in is taken and ended in one. */
  end(delivery: Delivery<Item>, outcome: 'dead' | 'handled'): void;
  end(delivery: Delivery<Item>, outcome: 'dropped', reason: DropReason): void;
  end(delivery: Delivery<Item>, outcome: 'dead' | 'dropped' | 'handled', reason?: DropReason): void {
    if (delivery.isEnded) return;
    delivery.isEnded = true;
    delivery.outcome = delivery.isHandedBack ? 'dropped' : outcome;
    delivery.dropReason = delivery.isHandedBack ? 'handed-back' : reason;
    if (delivery.members === undefined) this.count(delivery);
    else this.endMembers(delivery, delivery.members);
    if (delivery.lane === undefined) return;
    this.options.release(delivery.lane);
    delivery.lane = undefined;
  }

  /** Counts an event as taken that nobody asks about. */
  takePlain(): void {
    this.counters.accepted++;
    this.counters.pending++;
  }

  /** Counts such an event as handled. */
  endPlain(lane: Lane<Entry<Item>> | undefined): void {
    this.counters.handled++;
    this.counters.pending--;
    if (lane !== undefined) this.options.release(lane);
  }

  /** Tells the probe that an event was taken. */
  tellTaken(delivery: Delivery<Item>): void {
    this.options.watch.audience?.accepted(delivery);
  }

  /** Tells the probe that an attempt starts. */
  tellStarted(delivery: Delivery<Item>): void {
    const { watch } = this.options;
    for (const member of delivery.members ?? [delivery]) {
      // Whoever was told of another one may have closed the processor.
      if (member.isEnded) return;
      member.attempts = delivery.attempts;
      watch.audience?.started(member);
    }
  }

  /** Tells whoever asked how an event ended. The settlement is made only then. */
  tellEnd(delivery: Delivery<Item>): void {
    const { audience } = this.options.watch;
    const isHeard = audience?.heedsEnd(delivery, delivery.outcome) === true;
    if (delivery.members !== undefined) for (const member of delivery.members) this.tellEnd(member);
    delivery.isTold = true;
    if (delivery.isAwaited) delivery.tell();
    if (delivery.onSettled !== undefined || isHeard) this.tellListeners(delivery, audience);
  }

  private tellListeners(delivery: Delivery<Item>, audience: Audience | undefined): void {
    const { settlement, onSettled, dropReason, result } = delivery;
    if (delivery.members !== undefined) return;
    if (dropReason === undefined) audience?.settled(delivery, settlement);
    else audience?.dropped(delivery, dropReason);
    try {
      onSettled?.(settlement, result);
    } catch (error) {
      this.options.errors.report('settlement', error, this.options.name);
    }
  }

  private count(delivery: Delivery<Item>): void {
    const { outcome, dropReason, isTaken } = delivery;
    if (isTaken) this.counters.pending--;
    else this.countTaken(delivery);
    if (outcome !== 'dropped') this.counters[outcome]++;
    else this.counters.droppedBy[dropReason!]++;
  }

  /** What became of a batch became of each event in it. */
  private endMembers(batch: Delivery<Item>, members: readonly Delivery<Item>[]): void {
    for (const member of members) {
      member.attempts = batch.attempts;
      member.result = batch.result;
      this.end(member, batch.outcome as 'handled');
    }
  }

  private countTaken({ redriven }: Delivery<Item>): void {
    if (redriven > 0) this.counters.redriven++;
    else this.counters.accepted++;
  }
}
