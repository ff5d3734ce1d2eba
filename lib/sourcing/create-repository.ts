import { asyncScheduler, defer, firstValueFrom, type Observable, type SchedulerLike } from 'rxjs';
import { type CreateId, createUuidV7 } from '../core/ids.ts';
import { jsonForm } from '../core/json.ts';
import { expectCount, expectFunction, expectName, expectOptions } from '../core/options.ts';
import { isUnchecked } from '../core/schema.ts';
import { type DecideRetry, decideRetry, type RetryPolicy } from '../flow/retry-policy.ts';
import { retryBy } from '../flow/retry-with-backoff.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { Aggregate } from './aggregate.ts';
import { COMMAND_ID, commandEventId, completeEvents } from './command-events.ts';
import { OutcomeUnknownError, VersionConflictError } from './errors.ts';
import type { AppendResult, EventStore } from './event-store.ts';
import { History } from './history.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';
import type { Executed, ExecuteOptions, Loaded, Repository } from './repository.ts';
import { Snapshots } from './snapshots.ts';
import { Turns } from './turns.ts';

/** How aggregates are loaded and written. */
export interface RepositoryOptions {
  /** Events after which the state is kept, so that a load reads at most about so many; ≥ 1. @defaultValue none: every load reads all events */
  readonly snapshotEvery?: number;
  /** When a command is tried again after a conflict, or an append after a lost connection. @defaultValue 10 attempts, 5 ms and growing to 500 ms, full jitter */
  readonly retry?: Omit<RetryPolicy, 'retryIf'>;
  /** The timers of the pauses. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** Makes the ids of events. @defaultValue UUID version 7 */
  readonly createId?: CreateId;
}

/**
 * Creates a repository of an aggregate in a store.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { createRepository, defineAggregate, memoryEventStore } from 'millrace';
 *
 * const Counter = defineAggregate({
 *   name: 'counter',
 *   initial: 0,
 *   decide: (by: number, _count: number) => ({ type: 'counted', data: { by } }),
 *   evolve: (count: number, { data }) => count + data.by,
 * });
 * await using store = memoryEventStore();
 * const counters = createRepository(store, Counter, { snapshotEvery: 100 });
 * const { state, version } = await counters.execute('visits', 2, { commandId: 'request-17' });
 * console.log(state, version); // 2 1
 * ```
 */
export function createRepository<State, Command, Event extends NewEvent>(
  store: EventStore,
  aggregate: Aggregate<State, Command, Event>,
  options: RepositoryOptions = {},
): Repository<State, Command, Event> {
  return new StoreRepository(store, aggregate, expectOptions('options', options));
}

/** What was read of a stream, and what of it came from a snapshot. */
interface Reading<State> extends Loaded<State> {
  /** The version and document of the snapshot; 0 without one. */
  readonly kept: { readonly version: number; readonly revision: number };
}

class StoreRepository<State, Command, Event extends NewEvent> implements Repository<State, Command, Event> {
  readonly #store: EventStore;
  readonly #aggregate: Aggregate<State, Command, Event>;
  readonly #snapshotEvery: number | undefined;
  readonly #snapshots: Snapshots<State>;
  readonly #scheduler: SchedulerLike;
  readonly #createId: CreateId;
  readonly #decideRetry: (retryIf: (error: unknown) => boolean) => DecideRetry;
  readonly #reports = new ErrorReports();
  readonly #turns = new Turns();
  /** The types whose data has a schema, which brings back what JSON makes of it. */
  readonly #withSchema: ReadonlySet<string>;

  constructor(
    store: EventStore,
    aggregate: Aggregate<State, Command, Event>,
    { snapshotEvery, retry = {}, scheduler = asyncScheduler, random = Math.random, createId }: RepositoryOptions,
  ) {
    if (snapshotEvery !== undefined) expectCount('snapshotEvery', snapshotEvery, 1);
    this.#store = store;
    this.#aggregate = aggregate;
    this.#snapshotEvery = snapshotEvery;
    this.#snapshots = new Snapshots(store.documents, aggregate);
    this.#scheduler = scheduler;
    this.#createId = expectFunction('createId', createId ?? createUuidV7());
    const policy = { ...CONFLICT_RETRY, ...expectOptions('retry', retry) };
    expectFunction('random', random);
    this.#decideRetry = (retryIf) => decideRetry({ ...policy, retryIf }, random);
    this.#decideRetry(() => true);
    const definitions = aggregate.events?.filter(({ schema }) => !isUnchecked(schema));
    this.#withSchema = new Set(definitions?.map(({ type }) => type));
  }

  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  async load(id: string): Promise<Loaded<State>> {
    const { state, version } = await this.#read(this.#aggregate.stream(id));
    return { state, version };
  }

  async execute(id: string, command: Command, options: ExecuteOptions = {}): Promise<Executed<State, Event>> {
    const stream = this.#aggregate.stream(id);
    const { commandId, expectedVersion, signal } = expectOptions('options', options);
    if (commandId !== undefined) expectName('commandId', commandId);
    if (expectedVersion !== undefined) expectCount('expectedVersion', expectedVersion, 0);
    // Whoever has seen a version wants to know that it is not the last one any more.
    const isRetried = (error: unknown): boolean =>
      error instanceof VersionConflictError && expectedVersion === undefined;
    return this.#turns.take(stream, () =>
      this.#retrying(isRetried, async () => {
        signal?.throwIfAborted();
        return this.#tryOnce(stream, command, options);
      }),
    );
  }

  async #tryOnce(stream: string, command: Command, options: ExecuteOptions): Promise<Executed<State, Event>> {
    const { commandId, expectedVersion } = options;
    const [reading, earlier] = await Promise.all([
      this.#read(stream),
      commandId === undefined ? undefined : this.#store.findEvent(commandEventId(stream, commandId, 0)),
    ]);
    if (earlier !== undefined) return this.#repeated(stream, earlier);
    const { state, version } = reading;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(stream, expectedVersion, version);
    }
    const decided = this.#aggregate.decide(command, state);
    if (decided.length === 0) return { state, version, events: [], isRepeated: false };
    const events = completeEvents(decided, stream, options, this.#scheduler.now(), this.#createId);
    const { isForeign, ...appended } = await this.#append(stream, events, version);
    if (isForeign) return this.#repeated(stream, (await this.#store.findEvent(appended.ids[0]!))!);
    const next = events.reduce((before, event) => this.#aggregate.evolve(before, event), state);
    await this.#keep(stream, next, appended.version, appended.ids.at(-1)!, reading);
    return { state: next, version: appended.version, events, isRepeated: false };
  }

  /** Appends events until there is an answer. They are foreign if somebody else has appended them, executing the same command. */
  async #append(
    stream: string,
    events: readonly Event[],
    expectedVersion: number,
  ): Promise<AppendResult & { readonly isForeign: boolean }> {
    const stored = events.map((event) => this.#storable(event));
    let appends = 0;
    const isRetried = (error: unknown): boolean => error instanceof OutcomeUnknownError;
    const appended = await this.#retrying(isRetried, () => {
      appends++;
      return this.#store.append(stream, stored, { expectedVersion });
    });
    return { ...appended, isForeign: appended.isRepeated && appends === 1 };
  }

  /** What a command says that was executed before. Its events are those from the first one on that name it. */
  async #repeated(stream: string, first: RecordedEvent): Promise<Executed<State, Event>> {
    const events: RecordedEvent[] = [];
    for await (const event of this.#store.readStream(stream, { from: first.version })) {
      if (event.headers[COMMAND_ID] !== first.headers[COMMAND_ID]) break;
      events.push(event);
    }
    const { state, version } = await this.#read(stream);
    return { state, version, events: events as NewEvent[] as Event[], isRepeated: true };
  }

  #retrying<Value>(isRetried: (error: unknown) => boolean, work: () => Promise<Value>): Promise<Value> {
    return firstValueFrom(defer(work).pipe(retryBy(this.#decideRetry(isRetried), this.#scheduler)));
  }

  /** The state, from the snapshot if it still belongs to the stream. */
  async #read(stream: string): Promise<Reading<State>> {
    const snapshot = this.#snapshotEvery === undefined ? undefined : await this.#snapshots.load(stream);
    if (snapshot === undefined) return this.#fold(stream, undefined);
    const { state, version, eventId, revision } = snapshot;
    const events = this.#store.readStream(stream, { from: version });
    const first = await events.next();
    // Another event stands there, or none: the stream is not the one that the snapshot was made of.
    if (first.done === true || first.value.id !== eventId) return this.#fold(stream, revision);
    const history = new History(this.#aggregate, state, version);
    await addAll(history, events);
    return { state: history.state, version: history.version, kept: { version, revision } };
  }

  async #fold(stream: string, revision: number = 0): Promise<Reading<State>> {
    const history = new History(this.#aggregate, this.#aggregate.initial(), 0);
    await addAll(history, this.#store.readStream(stream));
    return { state: history.state, version: history.version, kept: { version: 0, revision } };
  }

  #storable(event: Event): NewEvent {
    if (!this.#withSchema.has(event.type)) return event;
    return { ...event, data: jsonForm(event.data, `data of '${event.type}'`) };
  }

  /** Keeps the state if it is time. The command has succeeded: that its state could not be kept is not its failure. */
  async #keep(stream: string, state: State, version: number, eventId: string, { kept }: Reading<State>): Promise<void> {
    if (this.#snapshotEvery === undefined || version - kept.version < this.#snapshotEvery) return;
    try {
      await this.#snapshots.save(stream, { state, version, eventId, revision: kept.revision });
    } catch (error) {
      this.#reports.report('snapshot', error);
    }
  }
}

const CONFLICT_RETRY: RetryPolicy = /* @__PURE__ */ Object.freeze({
  maxAttempts: 10,
  delayMs: 5,
  maxDelayMs: 500,
  jitter: 'full',
});

async function addAll(history: History<unknown>, events: AsyncIterable<RecordedEvent>): Promise<void> {
  for await (const event of events) history.add(event);
}
