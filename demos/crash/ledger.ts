import { eventsOf, LANES, streamOf } from './plan.ts';
import type { AppendReport, LaneState } from './reports.ts';

/** An event that the writer has said to be stored. */
export interface Acknowledged {
  readonly stream: string;
  readonly version: number;
}

/** What the parent has noted: it is all that is known of what a killed writer has done. */
export class Ledger {
  /** Acknowledged events by id. */
  readonly events = new Map<string, Acknowledged>();
  /** Appends that were answered: in the life in which they were sent first, or when they were sent again. */
  readonly answered = { atOnce: 0, againAsWritten: 0, againAsNew: 0 };
  /** Appends that were sent, each once, however often it was sent. */
  sent = 0;
  /** Acknowledgements, and those of them that cannot be: with another version, or of what is said to be there already and was never sent before. */
  acknowledgements = 0;
  wrong = 0;
  readonly #seed: number;
  readonly #lanes: LaneState[] = Array.from({ length: LANES }, () => ({ next: 1, version: 0 }));
  /** The append that a lane waits for. */
  readonly #pending = new Map<number, number>();
  /** Those whose writer was killed. */
  readonly #orphans = new Map<number, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** What the next writer is told. */
  get lanes(): readonly LaneState[] {
    return this.#lanes;
  }

  /** Appends that have had no answer in an earlier life, and none since. */
  get unanswered(): number {
    return this.#orphans.size;
  }

  note(report: AppendReport): void {
    const { lane, number } = report;
    if (report.kind === 'acknowledged') return this.#acknowledge(report);
    if (this.#orphans.get(lane) !== number) this.sent++;
    this.#pending.set(lane, number);
  }

  /** The writer was killed, and all that it had said was noted. */
  bury(): void {
    for (const [lane, number] of this.#pending) this.#orphans.set(lane, number);
    this.#pending.clear();
  }

  #acknowledge(report: Extract<AppendReport, { readonly kind: 'acknowledged' }>): void {
    const { lane, number, version, isRepeated } = report;
    const isOrphan = this.#orphans.get(lane) === number;
    const before = this.#lanes[lane]!.version;
    const events = eventsOf(this.#seed, lane, number);
    this.acknowledgements++;
    if (version !== before + events.length || (isRepeated && !isOrphan)) this.wrong++;
    if (!isOrphan) this.answered.atOnce++;
    else if (isRepeated) this.answered.againAsWritten++;
    else this.answered.againAsNew++;
    for (const [index, { id }] of events.entries()) {
      this.events.set(id!, { stream: streamOf(lane), version: before + 1 + index });
    }
    this.#orphans.delete(lane);
    this.#pending.delete(lane);
    this.#lanes[lane] = { next: number + 1, version };
  }
}
