import * as fc from 'fast-check';
import { type Outcome, OverflowError, splitResults, type SplitResultsOptions } from 'millrace';
import { type Observable, Subject, Subscription } from 'rxjs';

export type Side = 'failures' | 'successes';

/** How a source ends. */
export type End = 'broken' | 'complete';

/** What a reader does within the telling of its first result. */
type Meddling = 'leave' | 'nothing' | 'read' | 'send' | 'send and leave';

/** What happens to both sides. */
export type Step =
  | { readonly do: 'end' }
  | { readonly do: 'leave'; readonly reader: number }
  | { readonly do: 'read'; readonly side: Side; readonly meddling: Meddling }
  | { readonly do: 'send'; readonly side: Side };

const sides = fc.constantFrom<Side>('successes', 'failures');
const meddlings = fc.constantFrom<Meddling>('nothing', 'nothing', 'leave', 'read', 'send', 'send and leave');

export const ends: fc.Arbitrary<End> = fc.constantFrom('complete', 'broken');

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 50, arbitrary: fc.record({ do: fc.constant('send' as const), side: sides }) },
    { weight: 20, arbitrary: fc.record({ do: fc.constant('read' as const), side: sides, meddling: meddlings }) },
    { weight: 20, arbitrary: fc.record({ do: fc.constant('leave' as const), reader: fc.nat({ max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
  ),
  { maxLength: 60 },
);

/** What is known of a side. */
export class SideSeen {
  /** What the source told while somebody listened. */
  readonly given: number[] = [];
  /** What was told to readers, each at first sight. */
  readonly seen: number[] = [];
  readonly dropped: number[] = [];
  /** How its readers heard that it ended. */
  readonly ends = new Set<string>();
  /** Those that have not left. */
  readonly readers = new Set<Subscription>();

  /** How many results nobody has seen, that were not dropped. */
  get kept(): number {
    return this.given.length - this.seen.length - this.dropped.length;
  }
}

/** Numbered results on their way through `splitResults`, while readers come and go. */
export class SplitRun {
  readonly seen: Readonly<Record<Side, SideSeen>> = { successes: new SideSeen(), failures: new SideSeen() };
  /** The most results that were kept of a side that had no reader. */
  mostKept = 0;
  readonly #end: End;
  readonly #source$ = new Subject<{ readonly outcome: Outcome; readonly number: number }>();
  readonly #sides: Readonly<Record<Side, Observable<{ readonly number: number }>>>;
  readonly #readers: Subscription[] = [];
  #sent = 0;

  constructor(end: End, options: Omit<SplitResultsOptions<unknown>, 'onDropped'>) {
    this.#end = end;
    this.#sides = splitResults(this.#source$, {
      ...options,
      onDropped: ({ outcome, number }) =>
        this.seen[outcome === 'handled' ? 'successes' : 'failures'].dropped.push(number),
    });
  }

  /** Makes all steps, then reads both sides to their end. */
  run(plan: readonly Step[]): void {
    for (const step of plan) {
      this.#make(step);
      for (const { kept, readers } of Object.values(this.seen)) {
        if (readers.size === 0) this.mostKept = Math.max(this.mostKept, kept);
      }
    }
    this.#read('successes', 'nothing');
    this.#read('failures', 'nothing');
    this.#make({ do: 'end' });
  }

  #make(step: Step): void {
    if (step.do === 'send') this.#send(step.side);
    else if (step.do === 'read') this.#read(step.side, step.meddling);
    else if (step.do === 'leave') this.#readers.splice(step.reader, 1)[0]?.unsubscribe();
    else if (this.#end === 'complete') this.#source$.complete();
    else this.#source$.error(this.#end);
  }

  #send(side: Side): void {
    const number = this.#sent++;
    if (this.#source$.observed) this.seen[side].given.push(number);
    this.#source$.next({ outcome: side === 'successes' ? 'handled' : 'dropped', number });
  }

  #read(side: Side, meddling: Meddling): void {
    const { seen, ends: heard, readers } = this.seen[side];
    const reader = new Subscription();
    let hasMeddled = false;
    this.#readers.push(reader);
    readers.add(reader);
    reader.add(() => readers.delete(reader));
    const result$ = this.#sides[side];
    const subscription = result$.subscribe({
      next: ({ number }) => {
        if (!seen.includes(number)) seen.push(number);
        if (!hasMeddled) {
          hasMeddled = true;
          this.#meddle(side, meddling, reader);
        }
      },
      error: (error) => heard.add(error instanceof OverflowError ? 'OverflowError' : String(error)),
      complete: () => heard.add('complete'),
    });
    subscription.add(reader);
    reader.add(subscription);
  }

  #meddle(side: Side, meddling: Meddling, reader: Subscription): void {
    if (meddling === 'read') this.#read(side, 'nothing');
    if (meddling.startsWith('send')) {
      for (const next of ['successes', 'failures', 'failures', 'successes'] as const) this.#send(next);
    }
    if (meddling.endsWith('leave')) reader.unsubscribe();
  }
}
