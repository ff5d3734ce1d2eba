import { BehaviorSubject } from 'rxjs';
import type { RedriveReport } from 'millrace';
import type { Answer } from '../sign-up/intake/answer.ts';
import type { Progress, ServiceReport } from './services/reports.ts';

/** What is noted of one service, all its lives together. */
export class ServiceLedger {
  /** Events that were handled, some of them more than once. */
  handled = 0;
  /** Attempts after the first of a delivery. */
  retried = 0;
  /** Events that went back to the broker, to be delivered again. */
  handedBack = 0;
  /** Events that died, some of them more than once. */
  dead = 0;
  /** What a redrive has come to. */
  redriven: RedriveReport | undefined;
  /** How far it has come with each event. */
  readonly #progress = new Map<string, Progress>();
  /** Events that were handled at least once. */
  readonly #done = new Set<string>();

  /** How many events were handled at least once. */
  get done(): number {
    return this.#done.size;
  }

  /** Whether it has handled, or given up, each of these, and is at work on nothing. */
  isThrough(events: Iterable<string>): boolean {
    const isBegun = [...events].every((event) => this.#progress.has(event));
    return (
      isBegun && ![...this.#progress.values()].some((progress) => progress === 'taken' || progress === 'handed back')
    );
  }

  note(report: ServiceReport): void {
    if (report.kind === 'retried') this.retried++;
    if (report.kind === 'redriven') this.redriven = report.report;
    if (report.kind === 'progress') this.#noteProgress(report.event, report.progress);
  }

  #noteProgress(event: string, progress: Progress): void {
    this.#progress.set(event, progress);
    if (progress === 'handed back') this.handedBack++;
    if (progress === 'dead') this.dead++;
    if (progress !== 'handled') return;
    this.handled++;
    this.#done.add(event);
  }
}

/** What the parent has noted: what was promised to those who have signed up, and what services have reported. */
export class Ledger {
  readonly mail: ServiceLedger = new ServiceLedger();
  readonly audit: ServiceLedger = new ServiceLedger();
  /** Events of sign-ups that were confirmed: whoever has signed up was told so. */
  readonly confirmed = new Set<string>();
  /** How many sign-ups were confirmed, as it grows. */
  readonly count: BehaviorSubject<number> = new BehaviorSubject(0);

  /** Whether all that was confirmed is through. */
  get isThrough(): boolean {
    return this.mail.isThrough(this.confirmed) && this.audit.isThrough(this.confirmed);
  }

  noteAnswer({ code, eventId }: Answer): void {
    if (code !== 'accepted') return;
    this.confirmed.add(eventId!);
    this.count.next(this.confirmed.size);
  }
}
