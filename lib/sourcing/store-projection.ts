/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import { ClosedError } from '../core/errors.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import { Lease } from './lease.ts';
import { pause } from './pause.ts';
import { type Progress, PROGRESS_KIND, projectionProgress } from './progress.ts';
import type { Projection, ProjectionOptions, ProjectionState, ProjectionStats, RebuildOptions } from './projection.ts';
import { hasMore, type ProjectionSettings } from './projection-settings.ts';
import { progressOf, ProjectionTurn } from './projection-turn.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { Waits } from './waits.ts';

/** How long to wait before a turn that failed is begun again, in milliseconds. */
const AGAIN_MS = 500;

/** Waits for its turn, has it, and waits for the next, until it is closed. */
export class StoreProjection implements Projection {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<RecordedEvent>;
  readonly #settings: ProjectionSettings;
  readonly #scheduler: SchedulerLike;
  readonly #reports = new ErrorReports();
  readonly #waits = new Waits();
  readonly #closing = new AbortController();
  readonly #life: Promise<void>;
  #turn: ProjectionTurn | undefined;
  #generation = 0;
  #drained: DrainReport | undefined;

  constructor(settings: ProjectionSettings, { scheduler = asyncScheduler, deadLetters }: ProjectionOptions) {
    const { name, store } = settings;
    this.name = name;
    this.#settings = settings;
    this.#scheduler = scheduler;
    this.deadLetters =
      deadLetters ?? createDeadLetterQueue({ scheduler, store: store.deadLetters(`projection:${name}`) });
    this.deadLetters.errors.subscribe(({ kind, error, handler }) => this.#reports.report(kind, error, handler));
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
      lag: state === 'live' ? 0 : Math.max(0, (run?.head ?? 0) - (reached?.position ?? 0)),
      ...(run !== undefined && { handler: run.stats() }),
      ...(next !== undefined && { rebuild: progressOf(next) }),
    };
  }

  async caughtUp({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      this.#expectGoing();
      await this.#waits.until(
        () => this.#turn === undefined || this.#turn.run.isLive || this.#turn.stopped !== undefined,
        signal,
      );
      this.#expectGoing();
      const reached = await this.#reached();
      if (reached !== undefined && !(await hasMore(this.#settings, reached.checkpoint))) return;
      // It has just come, or another process is at it.
      const waitMs = this.#turn === undefined ? this.#settings.checkpointEveryMs : 1;
      await pause(waitMs, this.#scheduler, this.#closing.signal);
    }
  }

  async rebuild(options: RebuildOptions = {}): Promise<number> {
    await this.#waits.until(() => this.#turn !== undefined, options.signal);
    return this.#turn!.rebuild(options);
  }

  resume(): void {
    this.#turn?.resume();
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    this.#drained ??= (await this.#turn?.run.drain(options)) ?? NOTHING;
    await this.close();
    return this.#drained;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#life;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** From turn to turn, until it is closed. */
  async #live(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#takeTurn();
      } catch (error) {
        if (signal.aborted || error instanceof ClosedError) break;
        this.#reports.report('projection', error);
        await pause(AGAIN_MS, this.#scheduler, signal);
      }
    }
    this.#closing.abort();
    this.#waits.failAll(new ClosedError(`projection '${this.name}'`));
  }

  async #takeTurn(): Promise<void> {
    const { signal } = this.#closing;
    const { name: key, checkpoints: documents, leaseMs, store } = this.#settings;
    // Its locks are as good as its own documents only.
    const lock = documents === store.documents ? store.lock?.bind(store) : undefined;
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    const lease = await Lease.take<Progress>(
      { documents, kind: PROGRESS_KIND, key, leaseMs, lock, scheduler: this.#scheduler, onLost: end },
      signal,
    );
    try {
      this.#turn = await this.#beginTurn(lease);
      this.#waits.changed();
      await this.#turn.attend(over.signal);
    } finally {
      signal.removeEventListener('abort', end);
      await this.#endTurn();
    }
  }

  async #beginTurn(lease: Lease<Progress>): Promise<ProjectionTurn> {
    const host = {
      settings: this.#settings,
      scheduler: this.#scheduler,
      deadLetters: this.deadLetters,
      reports: this.#reports,
      waits: this.#waits,
      onStoreClosed: () => this.#closing.abort(),
    };
    try {
      return await ProjectionTurn.begin(host, lease);
    } catch (error) {
      await lease.release().catch(() => undefined);
      throw error;
    }
  }

  async #endTurn(): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined) return;
    await turn.end();
    this.#generation = turn.run.generation;
    this.#turn = undefined;
    this.#waits.changed();
  }

  /** Up to where it is settled, here or by another process; nothing if it has never run. */
  async #reached(): Promise<{ readonly checkpoint: string | undefined } | undefined> {
    const { checkpoints, name } = this.#settings;
    if (this.#turn === undefined) return projectionProgress(checkpoints, name);
    return { checkpoint: this.#turn.run.reached?.checkpoint };
  }

  #stateNow(): ProjectionState {
    if (this.#turn === undefined) return this.#closing.signal.aborted ? 'closed' : 'standby';
    if (this.#turn.stopped !== undefined) return 'stopped';
    return this.#turn.run.isLive ? 'live' : 'catching-up';
  }

  #expectGoing(): void {
    if (this.#closing.signal.aborted) throw new ClosedError(`projection '${this.name}'`);
    if (this.#turn?.stopped !== undefined) throw this.#turn.stopped;
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
