import type { SchedulerLike } from 'rxjs';
import type { EventMessage } from '../../core/message.ts';
import type { Probe } from '../../process/probe.ts';
import type { Happening } from './happening.ts';

/** Keeps what a probe is told, and when: nothing but a push, as it runs within the code that is watched. */
export class TimelineRecorder {
  readonly probe: Probe;
  readonly happenings: Happening[] = [];
  private readonly scheduler: SchedulerLike;
  private readonly startedAt: number;
  private lastMs = 0;
  private isStopped = false;

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
    this.startedAt = scheduler.now();
    this.probe = {
      publishing: (message) => this.keep({ kind: 'published', atMs: this.nowMs, message }),
      accepted: (handling) => this.keep({ kind: 'accepted', atMs: this.nowMs, handling }),
      started: (handling) => this.keep({ kind: 'started', atMs: this.nowMs, handling, attempt: handling.attempts }),
      retried: (handling, { error }) => this.keep({ kind: 'retried', atMs: this.nowMs, handling, error }),
      settled: (handling, settlement) => this.keep({ kind: 'settled', atMs: this.nowMs, handling, settlement }),
      dropped: (handling) => this.keep({ kind: 'dropped', atMs: this.nowMs, handling }),
    };
  }

  /** Milliseconds since the watching began, and until it was stopped. They never go back, whatever the clock does. */
  get nowMs(): number {
    if (this.isStopped) return this.lastMs;
    const nowMs = this.scheduler.now() - this.startedAt;
    if (nowMs > this.lastMs && nowMs < Infinity) this.lastMs = nowMs;
    return this.lastMs;
  }

  /** An event from outside that was refused as invalid. */
  refused(message: EventMessage): void {
    this.keep({ kind: 'refused', atMs: this.nowMs, message });
  }

  /** The bus was closed. */
  closed(): void {
    this.keep({ kind: 'closed', atMs: this.nowMs });
  }

  stop(): void {
    // Whatever is pending is drawn until now.
    this.lastMs = this.nowMs;
    this.isStopped = true;
  }

  private keep(happening: Happening): void {
    if (!this.isStopped) this.happenings.push(happening);
  }
}
