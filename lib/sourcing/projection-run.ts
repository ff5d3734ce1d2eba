import { ClosedError } from '../core/errors.ts';
import type { Settlement } from '../core/outcome.ts';
import { Attempt } from '../process/attempt.ts';
import { createEngine } from '../process/create-engine.ts';
import { createDeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import type { Engine } from '../process/engine.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import type { Part } from '../process/probe.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { Watch } from '../process/watch.ts';
import { ProjectionStoppedError, StoreFormatError } from './errors.ts';
import { AGAIN_MS, pause } from './pause.ts';
import type { ProjectionSettings } from './projection-settings.ts';
import type { Checkpoint, RecordedEvent } from './recorded-event.ts';
import { type Place, SettledLine } from './settled-line.ts';

/** What a run is made of. */
export interface ProjectionRunOptions {
  readonly settings: ProjectionSettings;
  readonly generation: number;
  readonly from: Place | undefined;
  readonly reports: ErrorReports;
  readonly watch: Watch;
  /** The projection, as probes see it. */
  readonly part: Part;
  /** More is settled, it has caught up, or it has stopped. */
  readonly onChange: () => void;
  readonly onStoreClosed: () => void;
}

/** One generation of a projection at work: reads the store, hands events to the engine, and knows how far all is settled. */
export class ProjectionRun {
  readonly generation: number;
  readonly #options: ProjectionRunOptions;
  readonly #engine: Engine<RecordedEvent>;
  readonly #line: SettledLine;
  readonly #reading = new AbortController();
  #reader: Promise<void> | undefined;
  #stopped: StopReason | undefined;
  #head = 0;
  /** How often it has come to the end of the store. */
  #rounds = 0;
  #isAtEnd = false;
  #isClosed = false;
  #handled = 0;

  constructor(options: ProjectionRunOptions) {
    const { settings, generation, from, reports, watch, part } = options;
    const { name, handler, engine, scheduler } = settings;
    this.generation = generation;
    this.#options = options;
    this.#line = new SettledLine(from);
    const deadLetters = createDeadLetterQueue<RecordedEvent>({ scheduler, store: lettersOf(settings) });
    this.#engine = createEngine<RecordedEvent>(
      handler,
      { ...engine, deadLetters },
      {
        name,
        watch,
        owner: part,
        listensTo: () => settings.types ?? [],
        createAttempt: (...attempt) => new ProjectionAttempt(generation, ...attempt),
      },
    );
    this.#engine.errors.subscribe(({ kind, error, handler: by }) => reports.report(kind, error, by));
  }

  /** Begins to read. */
  begin(): void {
    this.#reader ??= this.#read();
  }

  /**
   * Takes dead letters back.
   *
   * @returns ends it
   */
  connect(): () => void {
    const { deadLetters, name } = this.#options.settings;
    return deadLetters.connect(this.#engine, name);
  }

  /** Why it has stopped: before an event that could not be handled, or that could not be read. */
  get stopped(): StopReason | undefined {
    return this.#stopped;
  }

  /** Whether it has had all that there is, as far as it knows, and all of it is settled. */
  get isLive(): boolean {
    return this.#isAtEnd && this.#line.isSettled;
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

  /** Says, whenever it is asked, whether all is settled that it had read when it came to the end of the store so many times more. */
  settledAfter(rounds: number): () => boolean {
    const round = this.#rounds + rounds;
    let last: number | undefined;
    return () => {
      if (this.#rounds >= round) last ??= this.#line.added;
      return last !== undefined && this.#line.passed >= last;
    };
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
    this.#halt();
    await this.#reader;
  }

  #stop(why: StopReason): void {
    this.#stopped = why;
    this.#halt();
    this.#options.onChange();
  }

  /** At once: nothing that waits may start, and nothing that ends any more is counted. */
  #halt(): void {
    this.#isClosed = true;
    this.#reading.abort();
    this.#engine.close();
  }

  /** Reads until it is stopped. A store that fails is read again from where it failed. */
  async #read(): Promise<void> {
    const { settings, reports, onStoreClosed } = this.#options;
    const { signal } = this.#reading;
    while (!signal.aborted) {
      try {
        await this.#readOn();
        // By itself it ends with its store only.
        if (!signal.aborted) onStoreClosed();
        return;
      } catch (error) {
        this.#isAtEnd = false;
        if (signal.aborted) return;
        if (error instanceof ClosedError) return onStoreClosed();
        // Read again, it would say the same.
        if (error instanceof StoreFormatError) return this.#stop(error);
        reports.report('projection', error);
        await pause(AGAIN_MS, settings.scheduler, signal);
      }
    }
  }

  async #readOn(): Promise<void> {
    const { store, types, streams } = this.#options.settings;
    const { signal } = this.#reading;
    await this.measure();
    let before = this.#head;
    const onCaughtUp = (checkpoint: Checkpoint | undefined): void => {
      // What was there before the page was read is behind it now, wanted or not.
      if (checkpoint !== undefined) this.#line.skipTo({ checkpoint, position: before });
      before = this.#head;
      this.#isAtEnd = true;
      this.#rounds++;
      this.#options.onChange();
    };
    const from = this.#line.end?.checkpoint;
    for await (const event of store.subscribe({ from, types, streams, signal, onCaughtUp })) {
      await this.#handOver(event);
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

  #settled(event: RecordedEvent, { outcome, reason, attempts, error }: Settlement, settle: () => boolean): void {
    const { settings, onChange } = this.#options;
    // Not taken, or abandoned: it comes again.
    if (this.#isClosed || outcome === 'rejected' || reason === 'abandoned') return;
    if (outcome === 'dead' && settings.onFailure === 'stop') {
      // At once: what waits behind it must not overtake it.
      this.#stop(new ProjectionStoppedError(settings.name, event, attempts, error));
      return;
    }
    if (outcome === 'handled') this.#handled++;
    if (settle()) onChange();
  }
}

/** Why a run has stopped by itself. */
export type StopReason = ProjectionStoppedError | StoreFormatError;

/** The context of a projection's handlers. */
class ProjectionAttempt extends Attempt<RecordedEvent> {
  readonly generation: number;

  constructor(generation: number, ...attempt: ConstructorParameters<typeof Attempt<RecordedEvent>>) {
    super(...attempt);
    this.generation = generation;
  }
}

/**
 * Where an engine sends its letters: to the projection's queue. An event that was abandoned, or that stops the run, has none, as it comes again from the
 * store; but one that was redriven comes from nowhere else.
 */
function lettersOf({ deadLetters, onFailure }: ProjectionSettings): DeadLetterStore<RecordedEvent> {
  return {
    add: (letter) => {
      const comesAgain = letter.reason === 'abandoned' || onFailure === 'stop';
      return comesAgain && letter.redriven === 0 ? undefined : deadLetters.add(letter);
    },
    remove: () => undefined,
    list: () => [],
  };
}
