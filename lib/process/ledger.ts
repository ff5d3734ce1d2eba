import type { DropReason } from '../core/outcome.ts';
import type { Delivery } from './delivery.ts';
import type { ErrorReports } from './error-reports.ts';
import type { SafeProbe } from './probe.ts';
import { Counters } from './stats.ts';

/** What a ledger needs to tell. */
export interface LedgerOptions<Item> {
  readonly name: string;
  readonly probe: SafeProbe | undefined;
  readonly errors: ErrorReports;
  /** Called when a delivery that holds its lane has ended. */
  readonly release: (delivery: Delivery<Item>) => void;
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
    delivery.outcome = outcome;
    delivery.dropReason = reason;
    if (delivery.isTaken) this.counters.pending--;
    else this.countTaken(delivery);
    if (outcome !== 'dropped') this.counters[outcome]++;
    else this.counters.droppedBy[reason!]++;
    if (delivery.holdsLane) this.options.release(delivery);
  }

  /** Tells the probe that an event was taken. */
  tellTaken(delivery: Delivery<Item>): void {
    this.options.probe?.tell('accepted', delivery);
  }

  /** Tells whoever asked how an event ended. The settlement is made only then. */
  tellEnd(delivery: Delivery<Item>): void {
    const { probe } = this.options;
    delivery.isTold = true;
    if (delivery.isAwaited) delivery.tell();
    if (delivery.onSettled !== undefined || probe !== undefined) this.tellListeners(delivery, probe);
  }

  private tellListeners(delivery: Delivery<Item>, probe: SafeProbe | undefined): void {
    const { settlement, onSettled, dropReason } = delivery;
    if (dropReason === undefined) probe?.tell('settled', delivery, settlement);
    else probe?.tell('dropped', delivery, dropReason);
    try {
      onSettled?.(settlement);
    } catch (error) {
      this.options.errors.report('settlement', error, this.options.name);
    }
  }

  private countTaken({ redriven }: Delivery<Item>): void {
    if (redriven > 0) this.counters.redriven++;
    else this.counters.accepted++;
  }
}
