import type { SchedulerLike } from 'rxjs';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { Attempt } from '../process/attempt.ts';
import { createEngine } from '../process/create-engine.ts';
import type { Engine } from '../process/engine.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { Settlement } from '../core/outcome.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import { pause } from './pause.ts';
import type { ProjectionSettings } from './projection-settings.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { type Place, SettledLine } from './settled-line.ts';

/** What a run is made of. */
export interface ProjectionRunOptions {
  readonly settings: ProjectionSettings;
  readonly generation: number;
  /** Absent: a dead event stops the run. */
  readonly deadLetters: DeadLetterQueue<RecordedEvent> | undefined;
  readonly from: Place | undefined;
  readonly scheduler: SchedulerLike;
  /** More is settled, or it has caught up. */
  readonly onProgress: () => void;
  /** An event could not be handled; nothing more is. */
  readonly onFailure: (event: RecordedEvent, settlement: Settlement) => void;
  /** The store failed; it is asked again after a pause. */
  readonly onReadError: (error: unknown) => void;
  readonly onStoreClosed: () => void;
  readonly onError: (reported: ReportedError) => void;
}

/** The context of a projection's handlers. */
class ProjectionAttempt extends Attempt<RecordedEvent> {
  generation = 0;
}

/** How long to wait before a store that failed is read again, in milliseconds. */
const READ_AGAIN_MS = 500;

/** One generation of a projection at work: reads the store, hands events to the engine, and knows how far all is settled. */
export class ProjectionRun {
  readonly generation: number;
  readonly #options: ProjectionRunOptions;
  readonly #engine: Engine<RecordedEvent>;
  readonly #line: SettledLine;
  readonly #reading = new AbortController();
  readonly #disconnect: (() => void) | undefined;
  #reader: Promise<void> | undefined;
  #head = 0;
  #isAtEnd = false;
  #isFailed = false;
  #handled = 0;

  constructor(options: ProjectionRunOptions) {
    const { settings, generation, deadLetters, from, scheduler, onError } = options;
    const { name, handler, engine } = settings;
    this.generation = generation;
    this.#options = options;
    this.#line = new SettledLine(from);
    this.#engine = createEngine<RecordedEvent>(
      handler,
      {
        ...engine,
        deadLetters: createDeadLetterQueue<RecordedEvent>({ scheduler, store: lettersFor(deadLetters) }),
      },
      {
        name,
        createAttempt: (...attempt) => {
          const made = new ProjectionAttempt(...attempt);
          made.generation = generation;
          return made;
        },
        onClosed: () => this.#disconnect?.(),
      },
    );
    this.#engine.errors.subscribe(onError);
    this.#disconnect = deadLetters?.connect(this.#engine, name);
  }

  /** Begins to read. */
  begin(): void {
    this.#reader ??= this.#read();
  }

  /** Whether it has had all that there is, and all of it is settled. */
  get isLive(): boolean {
    return this.#isAtEnd && this.#line.size === 0;
  }

  /** All is settled up to here. */
  get reached(): Place | undefined {
    return this.#line.reached;
  }

  /** Events that were handled. */
  get handled(): number {
    return this.#handled;
  }

  /** The newest position of the store that is known. */
  get head(): number {
    return Math.max(this.#head, this.reached?.position ?? 0);
  }

  stats(): ProcessorStats {
    return this.#engine.stats();
  }

  /** Looks how far the store is. */
  async measure(): Promise<void> {
    this.#head = (await this.#options.settings.store.head()).position;
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    this.#reading.abort();
    const report = await this.#engine.drain(options);
    await this.#reader;
    return report;
  }

  async close(): Promise<void> {
    this.#reading.abort();
    this.#isFailed = true;
    this.#engine.close();
    await this.#reader;
  }

  /** Reads until it is stopped. A store that fails is read again from where it failed. */
  async #read(): Promise<void> {
    const { scheduler, onReadError, onStoreClosed } = this.#options;
    const { signal } = this.#reading;
    let read = this.reached;
    const onRead = (place: Place): void => void (read = place);
    while (!signal.aborted) {
      try {
        await this.#readFrom(read, onRead);
        if (!signal.aborted) onStoreClosed();
        return;
      } catch (error) {
        if (signal.aborted) return;
        onReadError(error);
        await pause(READ_AGAIN_MS, scheduler, signal);
      }
    }
  }

  async #readFrom(from: Place | undefined, onRead: (place: Place) => void): Promise<void> {
    const { store, types, streams } = this.#options.settings;
    const { signal } = this.#reading;
    await this.measure();
    let before = this.#head;
    const onCaughtUp = (checkpoint: string | undefined): void => {
      // What was there before the page was read is behind it now, wanted or not.
      const place = checkpoint && { checkpoint, position: Math.max(before, this.#line.reached?.position ?? 0) };
      before = this.#head;
      this.#caughtUp(place, onRead);
    };
    const subscription = store.subscribe({ from: from?.checkpoint, types, streams, signal, onCaughtUp });
    for await (const event of subscription) {
      await this.#handOver(event);
      onRead(event);
    }
  }

  /** Gives an event to the engine, and waits until it has room for it. */
  async #handOver(event: RecordedEvent): Promise<void> {
    this.#isAtEnd = false;
    const settle = this.#line.add(event);
    let isTaken = false;
    let resolve: (() => void) | undefined;
    const proceed = (): void => {
      isTaken = true;
      resolve?.();
    };
    const onSettled = (settlement: Settlement): void => {
      this.#settled(event, settlement, settle);
      proceed();
    };
    this.#engine.submit(event, onSettled, undefined, proceed);
    if (!isTaken) await new Promise<void>((done) => (resolve = done));
  }

  #settled(event: RecordedEvent, settlement: Settlement, settle: () => boolean): void {
    const { deadLetters, onProgress, onFailure } = this.#options;
    if (this.#isFailed) return;
    const { outcome, reason } = settlement;
    // Abandoned, or not taken: it comes again.
    if (outcome === 'rejected' || reason === 'abandoned') return;
    if (outcome === 'dead' && deadLetters === undefined) {
      this.#isFailed = true;
      this.#reading.abort();
      // At once: what waits behind it must not overtake it.
      this.#engine.close();
      onFailure(event, settlement);
      return;
    }
    if (outcome === 'handled') this.#handled++;
    if (settle()) onProgress();
  }

  #caughtUp(place: Place | '' | undefined, onRead: (place: Place) => void): void {
    this.#isAtEnd = true;
    if (place) {
      onRead(place);
      this.#line.skipTo(place);
    }
    this.#options.onProgress();
  }
}

/**
 * What is abandoned comes again, so it has no letter; and where a dead event stops the run, nothing has. All others go to the projection's own queue.
 */
function lettersFor(queue: DeadLetterQueue<RecordedEvent> | undefined): DeadLetterStore<RecordedEvent> {
  return {
    add: (letter) => (letter.reason === 'abandoned' ? undefined : queue?.add(letter)),
    remove: () => undefined,
    list: () => [],
  };
}
