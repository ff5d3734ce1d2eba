import { defer, firstValueFrom, type Observable, type SchedulerLike } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import type { CreateId } from '../core/ids.ts';
import { expectCount, expectName, expectOptions } from '../core/options.ts';
import type { DecideRetry } from '../flow/retry-policy.ts';
import { retryBy } from '../flow/retry-with-backoff.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { Probes } from '../process/watch.ts';
import type { Aggregate } from './aggregate.ts';
import { AppendWatch } from './append-watch.ts';
import { commandEventId, commandHeaders, completeEvents } from './command-events.ts';
import { type Definitions, definitionsOf, storedForm, typedForm } from './definitions.ts';
import { OutcomeUnknownError, VersionConflictError } from './errors.ts';
import type { AppendResult, EventStore } from './event-store.ts';
import { History } from './history.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';
import type { Executed, ExecutedEvent, ExecuteOptions, Loaded, Repository } from './repository.ts';
import { type Snapshot, Snapshots } from './snapshots.ts';
import { Turns } from './turns.ts';

/** What a repository is made of; checked. */
export interface RepositorySettings<State, Command, Event extends NewEvent> {
  readonly store: EventStore;
  readonly aggregate: Aggregate<State, Command, Event>;
  /** Infinity: never. */
  readonly snapshotEvery: number;
  readonly scheduler: SchedulerLike;
  readonly createId: CreateId;
  readonly probe: Probes | undefined;
  readonly decideRetry: (retryIf: (error: unknown) => boolean) => DecideRetry;
}

/** What was read of a stream, and what of it came from a snapshot. */
interface Reading<State> extends Loaded<State> {
  /** The version of the snapshot, 0 without one, and the revision of its document. */
  readonly kept: { readonly version: number; readonly revision: number };
}

/** What an append has done, and whether the events were there already when it was made first. */
interface Appended extends AppendResult {
  readonly isForeign: boolean;
}

/** Loads aggregates and executes commands on them. */
export class StoreRepository<State, Command, Event extends NewEvent> implements Repository<State, Command, Event> {
  readonly #settings: RepositorySettings<State, Command, Event>;
  readonly #definitions: Definitions;
  readonly #snapshots: Snapshots<State>;
  readonly #reports = new ErrorReports();
  readonly #turns = new Turns();
  readonly #watch: AppendWatch;

  constructor(settings: RepositorySettings<State, Command, Event>) {
    this.#settings = settings;
    this.#definitions = definitionsOf(settings.aggregate.events ?? []);
    this.#snapshots = new Snapshots(settings.store.documents, settings.aggregate);
    this.#watch = new AppendWatch(settings.aggregate.name, settings.probe, this.#reports);
  }

  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  async load(id: string): Promise<Loaded<State>> {
    const { state, version } = await this.#read(this.#settings.aggregate.stream(id));
    return { state, version };
  }

  async execute(id: string, command: Command, options: ExecuteOptions = {}): Promise<Executed<State, Event>> {
    const stream = this.#settings.aggregate.stream(id);
    const { commandId, expectedVersion, signal } = expectOptions('options', options);
    if (commandId !== undefined) commandEventId(stream, expectName('commandId', commandId), 0);
    if (expectedVersion !== undefined) expectCount('expectedVersion', expectedVersion, 0);
    commandHeaders(options);
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
    const reading = await this.#read(stream);
    // After the read: nobody may decide on a state that has the same command in it already.
    const earlier =
      commandId === undefined ? undefined : await this.#settings.store.findEvent(commandEventId(stream, commandId, 0));
    if (earlier !== undefined) return this.#repeated(stream, earlier.version, commandIds(stream, commandId!));
    const { state, version } = reading;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(stream, expectedVersion, version);
    }
    const { stored, events } = this.#decide(stream, command, state, options);
    if (events.length === 0) return { state, version, events, isRepeated: false };
    // Before the append: what no reader could take must not be written.
    const next = events.reduce((before, event) => this.#settings.aggregate.evolve(before, event), state);
    let sent = stored;
    const appended = await this.#watch.around(stored, (watched) => this.#append(stream, (sent = watched), version));
    if (appended.isRepeated) return this.#recognised(stream, appended, commandId);
    await this.#keep(stream, { state: next, version: appended.version, eventId: appended.ids.at(-1)! }, reading);
    return { state: next, version: appended.version, events: withHeadersOf(sent, events), isRepeated: false };
  }

  /** What a command leads to: as it is stored, and as it is read again. */
  #decide(
    stream: string,
    command: Command,
    state: State,
    options: ExecuteOptions,
  ): { readonly stored: readonly NewEvent[]; readonly events: readonly ExecutedEvent<Event>[] } {
    const { aggregate, scheduler, createId } = this.#settings;
    const decided = aggregate.decide(command, state);
    const headers = commandHeaders(options);
    const complete = completeEvents(decided, stream, options.commandId, headers, scheduler.now(), createId);
    const stored = complete.map((event) => storedForm(this.#definition(event), event));
    return { stored, events: stored.map((event) => this.#typed(event)) };
  }

  /** Appends events until there is an answer. */
  async #append(stream: string, events: readonly NewEvent[], expectedVersion: number): Promise<Appended> {
    let appends = 0;
    const isRetried = (error: unknown): boolean => error instanceof OutcomeUnknownError;
    const appended = await this.#retrying(isRetried, () => {
      appends++;
      return this.#settings.store.append(stream, events, { expectedVersion });
    });
    return { ...appended, isForeign: appends === 1 };
  }

  /**
   * Events with these ids were there already: an append whose answer was lost has written them, or somebody else has, who executes the same command, and may have decided
   * otherwise. So what is there counts.
   */
  async #recognised(
    stream: string,
    { version, ids, isForeign }: Appended,
    commandId: string | undefined,
  ): Promise<Executed<State, Event>> {
    const idOf = commandId === undefined ? (index: number) => ids[index] : commandIds(stream, commandId);
    return { ...(await this.#repeated(stream, version - ids.length + 1, idOf)), isRepeated: isForeign };
  }

  /** What a command says that was executed before: its events, which are there from a version on, and the state of now. */
  async #repeated(
    stream: string,
    from: number,
    idOf: (index: number) => string | undefined,
  ): Promise<Executed<State, Event>> {
    const events: ExecutedEvent<Event>[] = [];
    for await (const event of this.#settings.store.readStream(stream, { from })) {
      if (event.id !== idOf(events.length)) break;
      events.push(this.#typed(event));
    }
    const { state, version } = await this.#read(stream);
    return { state, version, events, isRepeated: true };
  }

  #retrying<Value>(isRetried: (error: unknown) => boolean, work: () => Promise<Value>): Promise<Value> {
    const { decideRetry, scheduler } = this.#settings;
    return firstValueFrom(defer(work).pipe(retryBy(decideRetry(isRetried), scheduler)));
  }

  /** The state, from the snapshot if it still belongs to the stream. */
  async #read(stream: string): Promise<Reading<State>> {
    const { aggregate, store, snapshotEvery } = this.#settings;
    const found = snapshotEvery === Infinity ? undefined : await this.#snapshots.load(stream);
    const kept = { version: 0, revision: found?.revision ?? 0 };
    if (found?.snapshot !== undefined) {
      const { version } = found.snapshot;
      const history = await this.#goOn(stream, found.snapshot);
      if (history !== undefined) return readingOf(history, { ...kept, version });
    }
    const history = new History(aggregate, aggregate.initial(), 0);
    await addAll(history, store.readStream(stream));
    return readingOf(history, kept);
  }

  async #goOn(stream: string, { state, version, eventId }: Snapshot<State>): Promise<History<State> | undefined> {
    const { aggregate, store } = this.#settings;
    const events = store.readStream(stream, { from: version });
    const { value: first } = await events.next();
    // Another event stands there, or none: the stream is not the one that the snapshot was made of.
    if (first?.id !== eventId) {
      await events.return?.();
      return undefined;
    }
    const history = new History(aggregate, state, version);
    await addAll(history, events);
    return history;
  }

  /** Keeps the state if it is time. The command has succeeded: that its state could not be kept is not its failure. */
  async #keep(stream: string, snapshot: Snapshot<State>, { kept }: Reading<State>): Promise<void> {
    if (snapshot.version - kept.version < this.#settings.snapshotEvery) return;
    try {
      await this.#snapshots.save(stream, snapshot, kept.revision);
      // Deleted meanwhile, a stream has taken its snapshot with it: this one came behind.
      if ((await this.#settings.store.streamVersion(stream)) === 0) await this.#snapshots.remove(stream);
    } catch (error) {
      this.#reports.report('snapshot', error);
    }
  }

  #definition({ type }: NewEvent): EventDefinition | undefined {
    return this.#definitions.get(type);
  }

  #typed(event: NewEvent): ExecutedEvent<Event> {
    return typedForm(this.#definition(event), event) as ExecutedEvent<Event>;
  }
}

function commandIds(stream: string, commandId: string): (index: number) => string {
  return (index) => commandEventId(stream, commandId, index);
}

/** As they were stored: with what probes have added. */
function withHeadersOf<Event extends NewEvent>(
  sent: readonly NewEvent[],
  events: readonly ExecutedEvent<Event>[],
): readonly ExecutedEvent<Event>[] {
  return events.map((event, index) => {
    const { headers = event.headers } = sent[index]!;
    return headers === event.headers ? event : { ...event, headers };
  });
}

function readingOf<State>({ state, version }: History<State>, kept: Reading<State>['kept']): Reading<State> {
  return { state, version, kept };
}

async function addAll(history: History<unknown>, events: AsyncIterable<RecordedEvent>): Promise<void> {
  for await (const event of events) history.add(event);
}
