import { ClosedError, InvalidOptionError, MillraceError } from '../core/errors.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { type Lease, LeaseLostError } from './lease.ts';
import { pause } from './pause.ts';
import type { Progress } from './progress.ts';
import type { RebuildOptions } from './projection.ts';
import { ProjectionRun, type ProjectionRunOptions } from './projection-run.ts';
import type { ProjectionSettings } from './projection-settings.ts';
import { progressTeller } from './rebuild-progress.ts';
import type { Waits } from './waits.ts';

/** What a turn needs of its projection. */
export interface TurnHost extends Pick<ProjectionRunOptions, 'part' | 'watch'> {
  readonly settings: ProjectionSettings;
  readonly reports: ErrorReports;
  readonly waits: Waits;
  readonly onStoreClosed: () => void;
}

/** How often the newest position is looked up, in milliseconds. */
const MEASURE_MS = 1_000;

/** The time for which this process is the one that runs a projection: one generation, and beside it, if asked, the next. */
export class ProjectionTurn {
  readonly #host: TurnHost;
  readonly #lease: Lease<Progress>;
  readonly #keeper: CheckpointKeeper;
  /** All generations that are there. */
  readonly #generations: Set<number>;
  #run: ProjectionRun;
  #next: ProjectionRun | undefined;
  #disconnect: (() => void) | undefined;
  #rebuilding: Promise<unknown> | undefined;
  /** The next one is being kept as the present one. */
  #isSwitching = false;
  #isOver = false;

  /** @param start - where the first turn of all begins */
  private constructor(host: TurnHost, lease: Lease<Progress>, start: Progress['place']) {
    const { checkpointEveryMs: everyMs, scheduler } = host.settings;
    const { generation, place, others = [] }: Progress = lease.value ?? { generation: 1, place: start };
    this.#host = host;
    this.#lease = lease;
    this.#keeper = new CheckpointKeeper({
      write: () => this.#save(),
      everyMs,
      scheduler,
      onError: (error) => this.#cannotKeep(error),
    });
    this.#generations = new Set([generation, ...others]);
    this.#run = this.#makeRun(generation, place);
  }

  /** Goes on where the last one ended, whoever had it. */
  static async begin(host: TurnHost, lease: Lease<Progress>): Promise<ProjectionTurn> {
    const { prepare, from, store } = host.settings;
    const isFirst = lease.value === undefined;
    if (isFirst) await prepared(host.settings.name, prepare, 1);
    const turn = new ProjectionTurn(host, lease, isFirst && from === 'end' ? await store.head() : undefined);
    await turn.#save();
    await turn.#discardOthers();
    turn.#present(turn.#run);
    turn.#run.begin();
    return turn;
  }

  /** The generation that readers should use. */
  get run(): ProjectionRun {
    return this.#run;
  }

  /** The one that a rebuild makes. */
  get next(): ProjectionRun | undefined {
    return this.#next;
  }

  /** Resolves when the signal is aborted; until then it looks now and then how far the store is. */
  async attend(signal: AbortSignal): Promise<void> {
    const { settings, onStoreClosed } = this.#host;
    while (!signal.aborted) {
      await pause(MEASURE_MS, settings.scheduler, signal);
      if (signal.aborted) return;
      try {
        await this.#run.measure();
        await this.#next?.measure();
      } catch (error) {
        // A store that fails is found by its readers, too, and reported there; but one that has stopped does not read.
        if (error instanceof ClosedError) onStoreClosed();
      }
    }
  }

  /** Stops, keeps how far it has come, and lets another process go on. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#host.waits.changed();
    await Promise.all([this.#run.close(), this.#next?.close(), this.#rebuilding]);
    this.#disconnect?.();
    await this.#keeper.close();
    // Its time is over soon, if nobody can be told.
    await this.#lease.release().catch(() => undefined);
  }

  resume(): void {
    const { stopped, generation, reached } = this.#run;
    if (stopped === undefined || this.#isOver) return;
    this.#present(this.#makeRun(generation, reached));
    this.#run.begin();
  }

  /** Makes the next generation beside the present one, which it then replaces. */
  rebuild(options: RebuildOptions): Promise<number> {
    if (this.#rebuilding !== undefined) {
      throw new InvalidOptionError(
        `Expected projection '${this.#host.settings.name}' to be rebuilt once at a time, got a second rebuild. Wait for the first.`,
      );
    }
    const rebuilding = this.#rebuild(options).finally(() => (this.#rebuilding = undefined));
    this.#rebuilding = rebuilding.catch(() => undefined);
    return rebuilding;
  }

  async #rebuild({ onProgress, signal }: RebuildOptions): Promise<number> {
    this.#expectOngoing();
    // One that could not be discarded yet keeps its number.
    const generation = Math.max(...this.#generations) + 1;
    this.#generations.add(generation);
    const { settings, reports } = this.#host;
    const tell = progressTeller(onProgress, settings.scheduler, reports);
    const next = this.#makeRun(generation, undefined, tell);
    this.#next = next;
    try {
      await this.#build(next, signal);
      tell(next, true);
      await this.#switchTo(next);
    } catch (error) {
      await this.#giveUp(next);
      throw error;
    }
    return generation;
  }

  async #build(next: ProjectionRun, signal: AbortSignal | undefined): Promise<void> {
    const { settings, waits } = this.#host;
    // Kept before it is there: if this process ends now, the next one knows what to discard.
    await this.#save();
    await prepared(settings.name, settings.prepare, next.generation);
    const hadAll = next.settledAfter(1);
    next.begin();
    const isReady = (): boolean => hadAll() && (next.isLive || isAsFarAs(next, this.#run));
    await waits.until(() => isReady() || next.stopped !== undefined || this.#isOver, signal);
    if (next.stopped !== undefined) throw next.stopped;
    this.#expectOngoing();
  }

  /** Kept first: whoever reads the old generation may do so until the new one is there for good. */
  async #switchTo(next: ProjectionRun): Promise<void> {
    this.#isSwitching = true;
    try {
      await this.#save();
    } catch (error) {
      this.#isSwitching = false;
      throw error;
    }
    const old = this.#run;
    this.#isSwitching = false;
    this.#next = undefined;
    this.#present(next);
    await old.close();
    await this.#discardOthers();
  }

  async #giveUp(next: ProjectionRun): Promise<void> {
    this.#next = undefined;
    await next.close();
    try {
      // Whoever has the lease by now may be building a generation of the same number: that one is not to be discarded.
      await this.#save();
      await this.#discardOthers();
    } catch {
      // Then the next turn does it.
    }
  }

  /** Discards what nobody reads, or reports why it cannot: then the next turn tries again. */
  async #discardOthers(): Promise<void> {
    const { settings, reports } = this.#host;
    for (const generation of this.#others(this.#run)) {
      try {
        await settings.discard?.(generation);
        this.#generations.delete(generation);
        this.#keeper.touch();
      } catch (error) {
        reports.report('projection', error);
      }
    }
  }

  #others(present: ProjectionRun): readonly number[] {
    return [...this.#generations].filter((generation) => generation !== present.generation);
  }

  /** Makes a run the one that readers should use. */
  #present(run: ProjectionRun): void {
    this.#run = run;
    this.#disconnect = run.connect();
    this.#changed(run);
  }

  #makeRun(generation: number, from: Progress['place'], onChange?: (run: ProjectionRun) => void): ProjectionRun {
    const changed = (): void => {
      if (run === this.#next) onChange?.(run);
      this.#changed(run);
    };
    const run: ProjectionRun = new ProjectionRun({ ...this.#host, generation, from, onChange: changed });
    return run;
  }

  #changed(run: ProjectionRun): void {
    const { reports, waits } = this.#host;
    if (run === this.#run) {
      if (run.reached !== this.#lease.value?.place) this.#keeper.touch();
      if (run.stopped !== undefined) reports.report('projection', run.stopped);
    }
    waits.changed();
  }

  async #save(): Promise<void> {
    const present = this.#isSwitching ? this.#next! : this.#run;
    const { generation, reached: place } = present;
    const others = this.#others(present);
    await this.#lease.save({ generation, place, ...(others.length > 0 && { others }) });
  }

  #cannotKeep(error: unknown): void {
    const { reports, onStoreClosed } = this.#host;
    if (error instanceof ClosedError) onStoreClosed();
    else if (!(error instanceof LeaseLostError)) reports.report('projection', error);
  }

  #expectOngoing(): void {
    if (this.#isOver) throw this.#lease.lost ?? new ClosedError(`projection '${this.#host.settings.name}'`);
  }
}

/** Whether readers who change from one generation to the other do not go back. */
function isAsFarAs({ reached }: ProjectionRun, { reached: other }: ProjectionRun): boolean {
  return (reached?.position ?? 0) >= (other?.position ?? 0);
}

/** @throws MillraceError that says whose `prepare` has failed */
async function prepared(
  name: string,
  prepare: ((generation: number) => unknown) | undefined,
  generation: number,
): Promise<void> {
  try {
    await prepare?.(generation);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MillraceError(
      'PROJECTION_STOPPED',
      `Expected prepare(${generation}) of projection '${name}' to make room for its results, got: ${why} It is tried again: mend it.`,
      { cause: error },
    );
  }
}
