/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import { ClosedError } from '../core/errors.ts';
import { expectDelay } from '../core/options.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { Part } from '../process/probe.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import { Watch } from '../process/watch.ts';
import { Lease, LeaseLostError } from './lease.ts';
import { AGAIN_MS, pause } from './pause.ts';
import { type Progress, PROGRESS_KIND, projectionProgress } from './progress.ts';
import type { Projection, ProjectionState, ProjectionStats, RebuildOptions } from './projection.ts';
import { hasMore, type ProjectionSettings } from './projection-settings.ts';
import { ProjectionTurn } from './projection-turn.ts';
import { progressOf } from './rebuild-progress.ts';
import type { RecordedEvent } from './recorded-event.ts';
import type { Place } from './settled-line.ts';
import { Waits } from './waits.ts';

/** How often a process that stands by looks how far the other one is, if it is asked to, in milliseconds. */
const LOOK_MS = 100;

/** How long a disposal waits for what is in progress, in milliseconds: a handler that is retried for ever would hold it, and all of it comes again. */
const DISPOSAL_MS = 5_000;

/** Waits for its turn, has it, and waits for the next, until it is closed. */
export class StoreProjection implements Projection {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<RecordedEvent>;
  readonly #settings: ProjectionSettings;
  readonly #reports = new ErrorReports();
  readonly #watch: Watch;
  /** As probes see it. */
  readonly #part: Part;
  readonly #waits = new Waits();
  readonly #closing = new AbortController();
  readonly #life: Promise<void>;
  #turn: ProjectionTurn | undefined;
  /** It has its turn, and prepares for it. */
  #isBeginning = false;
  #generation = 0;
  #drained: DrainReport | undefined;

  constructor(settings: ProjectionSettings) {
    this.name = settings.name;
    this.deadLetters = settings.deadLetters;
    this.#settings = settings;
    this.#part = { kind: 'projection', name: settings.name, stats: () => this.stats() };
    this.#watch = new Watch(this.#reports, settings.probe);
    this.#life = this.#live();
  }

  get generation(): number {
    return this.#turn?.run.generation ?? this.#generation;
  }

  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  stats(): ProjectionStats {
    const { name, generation } = this;
    const state = this.#stateNow();
    const { run, next } = this.#turn ?? {};
    const reached = run?.reached;
    return {
      name,
      state,
      generation,
      checkpoint: reached?.checkpoint,
      lag: state === 'live' ? 0 : (run?.head ?? 0) - (reached?.position ?? 0),
      ...(run !== undefined && { handler: run.stats() }),
      ...(next !== undefined && { rebuild: progressOf(next) }),
    };
  }

  async caughtUp({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#expectGoing(signal);
    const { position } = await this.#settings.store.head();
    for (let isDone = false; !isDone;) {
      this.#expectGoing(signal);
      const turn = this.#turn;
      isDone = await (turn === undefined ? this.#isOtherAt(position, signal) : this.#isAtEnd(turn, signal));
    }
  }

  async rebuild(options: RebuildOptions = {}): Promise<number> {
    await this.#waits.until(() => this.#turn !== undefined, options.signal);
    return this.#turn!.rebuild(options);
  }

  resume(): void {
    this.#turn?.resume();
  }

  async drain(options: DrainOptions = {}): Promise<DrainReport> {
    if (options.deadlineMs !== undefined) expectDelay('deadlineMs', options.deadlineMs);
    const report = await this.#turn?.run.drain(options);
    this.#drained ??= report;
    await this.close();
    return this.#drained ?? NOTHING;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#life;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain({ deadlineMs: DISPOSAL_MS });
  }

  /** From turn to turn, until it is closed. */
  async #live(): Promise<void> {
    const { signal } = this.#closing;
    const forwarding = this.deadLetters.errors.subscribe(({ kind, error, handler }) =>
      this.#reports.report(kind, error, handler),
    );
    const leaveWatch = this.#watch.show(this.#part);
    while (!signal.aborted) {
      try {
        await this.#takeTurn();
      } catch (error) {
        if (signal.aborted || error instanceof ClosedError) break;
        // That one was reported when it was lost.
        if (!(error instanceof LeaseLostError)) this.#reports.report('projection', error);
        await pause(AGAIN_MS, this.#settings.scheduler, signal);
      }
    }
    this.#closing.abort();
    leaveWatch();
    forwarding.unsubscribe();
    this.#waits.failAll(new ClosedError(`projection '${this.name}'`));
  }

  async #takeTurn(): Promise<void> {
    const { signal } = this.#closing;
    const { name: key, checkpoints: documents, leaseMs, store, scheduler } = this.#settings;
    const lost = new AbortController();
    const onLost = (error: LeaseLostError): void => {
      this.#reports.report('projection', error);
      lost.abort();
    };
    // Its locks are as good as its own documents only.
    const lock = documents === store.documents ? store.lock?.bind(store) : undefined;
    const lease = await Lease.take<Progress>(
      { documents, kind: PROGRESS_KIND, key, leaseMs, lock, scheduler, onLost },
      signal,
    );
    const turn = await this.#beginTurn(lease);
    this.#turn = turn;
    this.#waits.changed();
    await turn.attend(AbortSignal.any([signal, lost.signal]));
    await turn.end();
    this.#generation = turn.run.generation;
    this.#turn = undefined;
    this.#waits.changed();
  }

  async #beginTurn(lease: Lease<Progress>): Promise<ProjectionTurn> {
    const host = {
      settings: this.#settings,
      reports: this.#reports,
      watch: this.#watch,
      part: this.#part,
      waits: this.#waits,
      onStoreClosed: () => this.#closing.abort(),
    };
    this.#isBeginning = true;
    try {
      return await ProjectionTurn.begin(host, lease);
    } catch (error) {
      await lease.release().catch(() => undefined);
      throw error;
    } finally {
      this.#isBeginning = false;
    }
  }

  /** Waits until nothing is left to handle, or all is settled that was there when it was called; `false` if the turn, or its run, is another one by now. */
  async #isAtEnd(turn: ProjectionTurn, signal: AbortSignal | undefined): Promise<boolean> {
    const { run } = turn;
    // The page that is being read may have been asked for before; the one after it was not.
    const isSettled = run.settledAfter(2);
    const isOther = (): boolean => this.#turn !== turn || turn.run !== run || run.stopped !== undefined;
    let asked: { readonly reached: Place | undefined } | undefined;
    // As long as there is something that it has not had, it comes further.
    const mayBeAtEnd = (): boolean => run.isLive && (asked === undefined || run.reached !== asked.reached);
    for (;;) {
      await this.#waits.until(() => isOther() || isSettled() || mayBeAtEnd(), signal);
      if (isOther()) return false;
      if (isSettled()) return true;
      asked = { reached: run.reached };
      if (!(await hasMore(this.#settings, run.reached?.checkpoint, signal))) return true;
    }
  }

  /** Waits a little for its turn, then looks whether the process that has it has settled all up to a position. */
  async #isOtherAt(position: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { checkpoints, name, scheduler } = this.#settings;
    let isDue = false;
    const timer = scheduler.schedule(() => {
      isDue = true;
      this.#waits.changed();
    }, LOOK_MS);
    try {
      await this.#waits.until(() => this.#turn !== undefined || (isDue && !this.#isBeginning), signal);
    } finally {
      timer.unsubscribe();
    }
    if (this.#turn !== undefined) return false;
    const progress = await projectionProgress(checkpoints, name);
    if (progress === undefined) return false;
    this.#generation = progress.generation;
    return !(await hasMore(this.#settings, progress.checkpoint, signal, position));
  }

  #stateNow(): ProjectionState {
    if (this.#closing.signal.aborted) return 'closed';
    if (this.#turn === undefined) return 'standby';
    if (this.#turn.run.stopped !== undefined) return 'stopped';
    return this.#turn.run.isLive ? 'live' : 'catching-up';
  }

  #expectGoing(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closing.signal.aborted) throw new ClosedError(`projection '${this.name}'`);
    if (this.#turn?.run.stopped !== undefined) throw this.#turn.run.stopped;
  }
}

const NOTHING: DrainReport = /* @__PURE__ */ Object.freeze({
  completed: true,
  handled: 0,
  dead: 0,
  dropped: 0,
  abandoned: 0,
  durationMs: 0,
});
