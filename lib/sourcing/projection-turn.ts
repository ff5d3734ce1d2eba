import type { SchedulerLike } from 'rxjs';
import { ClosedError, InvalidOptionError } from '../core/errors.ts';
import type { Settlement } from '../core/outcome.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { ProjectionStoppedError } from './errors.ts';
import { type Lease, LeaseLostError } from './lease.ts';
import { pause } from './pause.ts';
import type { Progress } from './progress.ts';
import type { RebuildOptions, RebuildProgress } from './projection.ts';
import { ProjectionRun } from './projection-run.ts';
import { hasMore, type ProjectionSettings } from './projection-settings.ts';
import type { RecordedEvent } from './recorded-event.ts';
import type { Waits } from './waits.ts';

/** What a turn needs of its projection. */
export interface TurnHost {
  readonly settings: ProjectionSettings;
  readonly scheduler: SchedulerLike;
  readonly deadLetters: DeadLetterQueue<RecordedEvent>;
  readonly reports: ErrorReports;
  readonly waits: Waits;
  readonly onStoreClosed: () => void;
}

/** How often the newest position is looked up, in milliseconds. */
const MEASURE_MS = 1_000;
/** How often a rebuild tells of its progress, in milliseconds. */
const TELL_MS = 100;

/** The time for which this process is the one that runs a projection: one generation, and beside it, if asked, the next. */
export class ProjectionTurn {
  /** The generation that readers should use. */
  run: ProjectionRun;
  /** The one that a rebuild makes. */
  next: ProjectionRun | undefined;
  /** Why `run` has stopped. */
  stopped: ProjectionStoppedError | undefined;
  isOver = false;
  readonly #host: TurnHost;
  readonly #lease: Lease<Progress>;
  readonly #keeper: CheckpointKeeper;

  private constructor(host: TurnHost, lease: Lease<Progress>, { generation, place }: Progress) {
    const { settings, scheduler } = host;
    this.#host = host;
    this.#lease = lease;
    this.#keeper = new CheckpointKeeper(() => this.#keep(), settings.checkpointEveryMs, scheduler);
    this.run = this.#start(generation, place);
  }

  /** Goes on where the last one ended, whoever had it. */
  static async begin(host: TurnHost, lease: Lease<Progress>): Promise<ProjectionTurn> {
    const { prepare, discard } = host.settings;
    const { generation, place, building } = lease.value ?? { generation: 1 };
    if (building !== undefined) await discard?.(building);
    if (place === undefined) await prepare?.(generation);
    await lease.save({ generation, place });
    return new ProjectionTurn(host, lease, { generation, place });
  }

  /** Resolves when the signal is aborted; until then it looks now and then how far the store is. */
  async attend(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(MEASURE_MS, this.#host.scheduler, signal);
      // A store that fails is found by its readers, too, and reported there.
      if (!signal.aborted) await Promise.all([this.run.measure(), this.next?.measure()]).catch(() => undefined);
    }
  }

  /** Stops, keeps how far it has come, and lets another process go on. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all([this.run.close(), this.next?.close()]);
    await this.#keeper.flush();
    // Its time is over soon, if nobody can be told.
    await this.#lease.release().catch(() => undefined);
    this.#host.waits.changed();
  }

  resume(): void {
    if (this.stopped === undefined) return;
    const { generation, reached } = this.run;
    this.stopped = undefined;
    this.run = this.#start(generation, reached);
    this.#host.waits.changed();
  }

  /** Makes the next generation beside the present one, which it then replaces. */
  async rebuild({ onProgress, signal }: RebuildOptions): Promise<number> {
    const { settings } = this.#host;
    if (this.next !== undefined) {
      throw new InvalidOptionError(
        `Expected projection '${settings.name}' to be rebuilt once at a time, got a second rebuild. Wait for the first.`,
      );
    }
    const build = this.#startBuild(this.run.generation + 1, onProgress);
    const { run } = build;
    this.next = run;
    try {
      await this.#save(this.run);
      await settings.prepare?.(run.generation);
      run.begin();
      await this.#finished(build, signal);
      onProgress?.(progressOf(run));
      await this.#switchTo(run);
      return run.generation;
    } catch (error) {
      this.next = undefined;
      await run.close();
      await settings.discard?.(run.generation);
      if (!this.isOver) await this.#save(this.run);
      throw error;
    }
  }

  #start(generation: number, from: Progress['place']): ProjectionRun {
    const { reports, waits } = this.#host;
    const run = this.#makeRun(
      generation,
      from,
      () => {
        this.#keeper.touch();
        waits.changed();
      },
      (why) => {
        this.stopped = why;
        reports.report('projection', why);
        waits.changed();
      },
    );
    run.begin();
    return run;
  }

  #startBuild(generation: number, onProgress: RebuildOptions['onProgress']): Build {
    const { scheduler, waits } = this.#host;
    let told = -Infinity;
    const tell = (): void => {
      const now = scheduler.now();
      if (onProgress === undefined || now - told < TELL_MS) return;
      told = now;
      onProgress(progressOf(run));
    };
    const onAdvance = (): void => {
      if (this.run === run) this.#keeper.touch();
      else tell();
      waits.changed();
    };
    const onStopped = (why: ProjectionStoppedError): void => {
      build.failure = why;
      // It may be the present one by now.
      if (this.run === run) this.stopped = why;
      waits.changed();
    };
    const run: ProjectionRun = this.#makeRun(generation, undefined, onAdvance, onStopped);
    const build: Build = { run, failure: undefined };
    return build;
  }

  /** Waits until a build has had all that there is. */
  async #finished(build: Build, signal: AbortSignal | undefined): Promise<void> {
    const { settings, waits } = this.#host;
    const { run } = build;
    do {
      await waits.until(() => run.isLive || build.failure !== undefined || this.isOver, signal);
      if (build.failure !== undefined) throw build.failure;
      if (this.isOver) throw new LeaseLostError(settings.name);
    } while (await hasMore(settings, run.reached?.checkpoint));
  }

  /** Kept first: whoever reads the old generation may do so until the new one is there for good. */
  async #switchTo(run: ProjectionRun): Promise<void> {
    const old = this.run;
    this.next = undefined;
    await this.#save(run);
    this.run = run;
    this.stopped = undefined;
    this.#host.waits.changed();
    await old.close();
    await this.#host.settings.discard?.(old.generation);
  }

  #makeRun(
    generation: number,
    from: Progress['place'],
    onProgress: () => void,
    onStopped: (why: ProjectionStoppedError) => void,
  ): ProjectionRun {
    const { settings, scheduler, deadLetters, reports, onStoreClosed } = this.#host;
    const { name, onFailure } = settings;
    return new ProjectionRun({
      settings,
      generation,
      from,
      scheduler,
      deadLetters: onFailure === 'dead-letter' ? deadLetters : undefined,
      onProgress,
      onFailure: (event: RecordedEvent, { attempts, error }: Settlement) =>
        onStopped(new ProjectionStoppedError(name, event, attempts, error)),
      onReadError: (error) => reports.report('projection', error),
      onError: ({ kind, error, handler }) => reports.report(kind, error, handler),
      onStoreClosed,
    });
  }

  /** What goes wrong is reported, and the next time is soon. */
  async #keep(): Promise<void> {
    try {
      await this.#save(this.run);
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof ClosedError) return;
      this.#host.reports.report('projection', error);
      if (!this.isOver) this.#keeper.touch();
    }
  }

  async #save({ generation, reached }: ProjectionRun): Promise<void> {
    await this.#lease.save({ generation, place: reached, building: this.next?.generation });
  }
}

/** A generation that is being made. */
interface Build {
  readonly run: ProjectionRun;
  failure: ProjectionStoppedError | undefined;
}

/** How far a generation is. */
export function progressOf(run: ProjectionRun): RebuildProgress {
  const { generation, handled, head, reached } = run;
  return { generation, handled, position: reached?.position ?? 0, head };
}
