/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable, SchedulerLike } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import type { CreateId } from '../core/ids.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { Handler, HandlerContext } from '../process/handler.ts';
import type { Probes } from '../process/watch.ts';
import type { Batched, HandlerOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { DocumentStore } from './document-store.ts';
import type { StreamSelection } from './event-store.ts';
import type { Checkpoint, RecordedEvent, RecordedOf } from './recorded-event.ts';

/** What a projection's handlers are told besides the event. */
export interface ProjectionContext extends HandlerContext {
  /** Which build of the read model is written: 1, and one more with every `rebuild()`. Tables, files and keys are best named by it. */
  readonly generation: number;
}

/** A handler for each type of event, or one for all. */
export type ProjectionHandlers<Definition extends EventDefinition> =
  | Handler<RecordedOf<Definition>, ProjectionContext>
  | { readonly [Type in Definition['type']]?: Handler<RecordedAs<Type, Definition>, ProjectionContext> };

/** The recorded events of a type. Without definitions, of any type. */
type RecordedAs<Type extends string, Definition> =
  Definition extends EventDefinition<infer Known, infer Data>
    ? Type extends Known
      ? RecordedEvent<Known, Data>
      : never
    : never;

/** What a projection is, whatever its handlers are given at a time. */
export interface ProjectionBasics<Definition extends EventDefinition = EventDefinition> {
  /** Under which name its progress is kept: unique among the projections and relays of a store. */
  readonly name: string;
  /** The events that it takes; their schemas check what the store gives. @defaultValue those that `on` names, unchecked; with one handler for all, every event */
  readonly events?: readonly Definition[];
  /** Events of these streams only, such as `{ prefix: 'account-' }`. @defaultValue all */
  readonly streams?: StreamSelection | readonly StreamSelection[];
  /**
   * What an event does that cannot be handled. `stop`: the projection stops before it, since a read model with a hole is wrong, and goes on from there after
   * `resume()` or a restart. `dead-letter`: it goes to the dead letters, and the projection goes on. @defaultValue 'stop'
   */
  readonly onFailure?: 'dead-letter' | 'stop';
  /** Called and awaited before the first event of a generation, such as to create a table; again after a crash in between. */
  readonly prepare?: (generation: number) => unknown;
  /**
   * Called and awaited when a generation is not used any more (a handler that does not heed its signal may still be at work for it): after a rebuild, or if one was given up, such as by a crash: then at the next start. If it fails, that is reported, and it
   * is called again at the next start.
   */
  readonly discard?: (generation: number) => unknown;
}

/**
 * A read model that follows the events of a store. Handlers run as all handlers do: the options are theirs. An event may come again after a crash, so handlers are best made
 * idempotent by its `id`, or by its `stream` and `version`; never by `position`, which is not the order of reading in every store.
 */
export interface ProjectionDefinition<Definition extends EventDefinition = EventDefinition>
  extends ProjectionBasics<Definition>, Omit<HandlerOptions<RecordedOf<Definition>>, 'name' | 'overflow' | 'strategy'> {
  /** What is done with the events: by type, or all in one. */
  readonly on: ProjectionHandlers<Definition>;
}

/** The same with a handler that is given arrays of events. */
export interface BatchedProjectionDefinition<Definition extends EventDefinition = EventDefinition>
  extends
    ProjectionBasics<Definition>,
    Omit<Batched<HandlerOptions<RecordedOf<Definition>>>, 'name' | 'overflow' | 'strategy'> {
  /** What is done with the events. */
  readonly on: Handler<readonly RecordedOf<Definition>[], ProjectionContext>;
}

/** How a projection is run. */
export interface ProjectionOptions {
  /** Where its progress is kept. @defaultValue the store's own documents */
  readonly checkpoints?: DocumentStore;
  /** Where it begins when it has never run: with the first event of the store, or with what comes from then on. A rebuild begins with the first. @defaultValue 'start' */
  readonly from?: 'end' | 'start';
  /** Milliseconds for which another process waits before it takes over from one that is gone without a word; \> 0. @defaultValue 5_000 */
  readonly leaseMs?: number;
  /** Milliseconds between two writes of the progress at least; ≥ 0. What was handled since the last one is handled again after a crash. @defaultValue 100 */
  readonly checkpointEveryMs?: number;
  /** Where dead events go, with `onFailure: 'dead-letter'`. @defaultValue a queue in the store, so that a restart keeps them */
  readonly deadLetters?: DeadLetterQueue<RecordedEvent>;
  /** Watches what happens. @defaultValue none */
  readonly probe?: Probes;
  /** The clock, and the timers of every delay. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** For the ids of dead letters. @defaultValue randomId */
  readonly createId?: CreateId;
}

/**
 * What a projection does.
 *
 * - `standby`: another process runs it, or it has just begun; it waits for its turn
 * - `catching-up`: it handles what is there; `live`: it has handled all, and waits for more
 * - `stopped`: an event could not be handled
 * - `closed`: by `close`, `drain`, or with its store
 */
export type ProjectionState = 'catching-up' | 'closed' | 'live' | 'standby' | 'stopped';

/** What a projection has done and has to do. */
export interface ProjectionStats {
  /** Its name. */
  readonly name: string;
  /** What it does. */
  readonly state: ProjectionState;
  /** The generation that readers should use; 0 as long as none is known. */
  readonly generation: number;
  /** All is settled up to here; unknown while it stands by. */
  readonly checkpoint: Checkpoint | undefined;
  /** By how many positions of the store it is behind: at most so many events. Looked up once a second; 0 when it is live, or stands by. */
  readonly lag: number;
  /** Its handler, while it runs. */
  readonly handler?: ProcessorStats;
  /** The rebuild in progress. */
  readonly rebuild?: RebuildProgress;
}

/** How far a rebuild is. */
export interface RebuildProgress {
  /** The generation that is built. */
  readonly generation: number;
  /** Events that were handled. */
  readonly handled: number;
  /** How far it is through the positions of the store. */
  readonly position: number;
  /** The newest position of the store. */
  readonly head: number;
}

/** How a rebuild is watched and stopped. */
export interface RebuildOptions {
  /** Called as it goes on, about ten times a second, and at the end. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Gives it up: what was built is discarded, the present generation stays. */
  readonly signal?: AbortSignal;
}

/** A projection that runs, or waits for its turn to. Its disposal is a drain of at most 5 seconds. */
export interface Projection extends AsyncDisposable {
  /** Its name. */
  readonly name: string;
  /**
   * The generation that readers should use: the newest that is complete; 0 until it is known. In a process that stands by, as it was when `caughtUp` was called last; `projectionProgress`
   * asks the store.
   */
  readonly generation: number;
  /** Dead events, with `onFailure: 'dead-letter'`. */
  readonly deadLetters: DeadLetterQueue<RecordedEvent>;
  /** Why it stopped, a store that failed, and the like. Printed once a kind, if nobody listens. */
  readonly errors: Observable<ReportedError>;
  /** What it has done and has to do, now. */
  stats(): ProjectionStats;
  /**
   * Waits until all that is in the store now is settled, by this process or by the one that runs it.
   *
   * @throws ProjectionStoppedError when it stops before, in this process; ClosedError when it is closed before; the signal's reason; what the store throws
   */
  caughtUp(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Builds the read model anew beside the present one, which stays and goes on: a new generation from the first event on. When it has had all that there was, and is as far as the present one,
   * `generation` is the new one, for good, and the old one is discarded. In a process that stands by, it waits for its turn.
   *
   * @returns the new generation
   * @throws ProjectionStoppedError when an event cannot be handled; InvalidOptionError for a second one at a time; ClosedError; LeaseLostError; the signal's reason. What was built is
   * discarded then, and the present generation stays.
   */
  rebuild(options?: RebuildOptions): Promise<number>;
  /** Goes on with the event that it has stopped before; otherwise it does nothing. */
  resume(): void;
  /** Takes no more events, finishes those that it took, keeps its progress, and closes. */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Abandons what is in progress, which comes again with the next start, keeps its progress, and closes. Idempotent. */
  close(): Promise<void>;
}
