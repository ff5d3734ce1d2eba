import type { SchedulerLike } from 'rxjs';
import { ClosedError } from '../core/errors.ts';
import { expectDelay } from '../core/options.ts';
import { Drainage, type DrainCounts } from '../process/drainage.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { BusStats } from './bus-stats.ts';

/** What the life of a bus needs of it. */
export interface BusLifeOptions {
  readonly scheduler: SchedulerLike;
  /** How the events of its handlers have ended. */
  readonly ended: () => DrainCounts;
  readonly isIdle: () => boolean;
  /** Called once, when it takes nothing more from outside. */
  readonly beginDrain: () => void;
  /** Closes its handlers. @returns how many events were abandoned */
  readonly closeHandlers: () => number;
  /** Called once, when a drain has ended. */
  readonly onDrained: (report: DrainReport) => void;
  /** Called once, when it has closed. */
  readonly onClosed: () => void;
}

/** Whether a bus takes events, and how it comes to its end. */
export class BusLife {
  state: BusStats['state'] = 'open';
  private readonly options: BusLifeOptions;
  private drainage: Drainage | undefined;

  constructor(options: BusLifeOptions) {
    this.options = options;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** @param by - the attempt whose handler sends; while draining, only those may */
  expectOpen(by?: { readonly isOver: boolean }): void {
    if (this.state === 'open' || (this.state === 'draining' && by?.isOver === false)) return;
    throw new ClosedError('the bus');
  }

  drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    const drainage = this.drainage ?? this.startDrainage();
    if (deadlineMs !== undefined && !this.isClosed) drainage.addDeadline(deadlineMs, () => this.close());
    this.endIfIdle();
    return drainage.report;
  }

  close(): void {
    if (this.isClosed) return;
    const { isIdle, closeHandlers, ended, onDrained, onClosed } = this.options;
    const wasIdle = isIdle();
    this.state = 'closed';
    const abandoned = closeHandlers();
    onClosed();
    // Idle is a bus, too, that has lost what it was to send.
    const report = this.drainage?.end(ended(), abandoned, wasIdle && abandoned === 0);
    if (report !== undefined) onDrained(report);
  }

  /** To be called whenever something has come to its end. */
  endIfIdle(): void {
    if (this.state === 'draining' && this.options.isIdle()) this.close();
  }

  /** The report is there before anything can end it. */
  private startDrainage(): Drainage {
    const { ended, scheduler, beginDrain } = this.options;
    const drainage = new Drainage(ended(), scheduler);
    this.drainage = drainage;
    if (this.isClosed) {
      drainage.end(ended(), 0, true);
    } else {
      this.state = 'draining';
      beginDrain();
    }
    return drainage;
  }
}
