import { createHash } from 'node:crypto';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { type DocumentStore, SNAPSHOT_KIND } from '../sourcing/document-store.ts';
import type { ExpectedVersion, StoreHead, StreamSelection } from '../sourcing/event-store.ts';
import type {
  AllPage,
  AllPageRequest,
  AppendOutcome,
  DeleteOutcome,
  EventStoreBackend,
  StoredEvent,
  StoredRecord,
  StreamPageRequest,
} from '../sourcing/event-store-backend.ts';
import { checkpointOf, numbersOf, type TransactionPlace, placeOf, START } from './checkpoint.ts';
import type { Connections } from './connections.ts';
import { isServerError, UnknownOutcomeError } from './failures.ts';
import { Listener } from './listener.ts';
import { Notifier } from './notifier.ts';
import { postgresDocuments } from './postgres-documents.ts';
import { onlyRow } from './postgres-pool.ts';
import { type EventStatements, eventStatements } from './statements.ts';

/** Keeps events in PostgreSQL. */
export class PostgresBackend implements EventStoreBackend {
  readonly documents: DocumentStore;
  readonly #connections: Connections;
  readonly #statements: EventStatements;
  readonly #channel: string;
  readonly #scheduler: SchedulerLike;
  /** Tells what this store has told from what others have. */
  readonly #sender: string = crypto.randomUUID();
  readonly #notifier: Notifier;
  readonly #listeners = new Set<Promise<void>>();

  constructor(connections: Connections, schema: string, scheduler: SchedulerLike = asyncScheduler) {
    this.documents = postgresDocuments(connections, schema);
    this.#connections = connections;
    this.#statements = eventStatements(schema);
    this.#channel = channelOf(schema);
    this.#scheduler = scheduler;
    this.#notifier = new Notifier(connections, this.#channel, this.#sender, scheduler);
  }

  async append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome> {
    const values = [
      stream,
      expectedNumber(expected),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ time }) => time),
      events.map(({ data }) => data),
      events.map(({ metadata }) => metadata),
    ];
    try {
      const { rows } = await this.#connections.write(this.#statements.append, values, 'events_version');
      return this.#appended(onlyRow(rows));
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (error instanceof UnknownOutcomeError) return { outcome: 'unknown', cause };
      if (isServerError(cause) && cause.constraint === 'events_id') return { outcome: 'duplicate' };
      throw error;
    }
  }

  async readStream(stream: string, { from, direction, limit }: StreamPageRequest): Promise<readonly StoredRecord[]> {
    const { readForwards, readBackwards } = this.#statements;
    const statement = direction === 'forwards' ? readForwards : readBackwards;
    return (await this.#connections.read(statement, [stream, from, limit])).map((row) => recordOf(row));
  }

  async readAll({ after, types, streams, limit, upTo }: AllPageRequest): Promise<AllPage> {
    const from = after === undefined ? START : placeOf(after);
    const { page, selectedPage } = this.#statements;
    const { tx: fromTx, position: fromPosition, seen } = from;
    const place = [fromTx, fromPosition, limit];
    const rows =
      types === undefined && streams === undefined && seen === undefined
        ? await this.#connections.read(page, place)
        : await this.#connections.read(selectedPage, [
            ...place,
            types,
            ...splitStreams(streams),
            seen?.next,
            seen?.open,
          ]);
    const records = rows.slice(0, -1).map((row) => recordOf(row, seen));
    const [position, tx, heldBack] = rows.at(-1) as readonly [string, string, string | null];
    const edge = { tx: Number(tx), position: Number(position), seen };
    if (records.length === limit) return { records, checkpoint: records.at(-1)!.checkpoint, isEnd: false };
    // A reader never goes back, such as on a copy of the database that lags behind.
    const checkpoint = isBefore(edge, from) ? after : checkpointOf(edge);
    const isEnd = edge.position === 0;
    if (heldBack === null || !isEnd || (upTo !== undefined && placeOf(upTo).tx < edge.tx)) {
      return { records, checkpoint, isEnd };
    }
    return { records, checkpoint, isEnd, isBlocked: true, blockedUpTo: heldBack };
  }

  async findEvent(id: string): Promise<StoredRecord | undefined> {
    const [row] = await this.#connections.read(this.#statements.findEvent, [id]);
    return row && recordOf(row);
  }

  async streamVersion(stream: string): Promise<number> {
    const [version] = onlyRow<[string]>(await this.#connections.read(this.#statements.streamVersion, [stream]));
    return Number(version);
  }

  async deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome> {
    const values = [stream, expectedNumber(expected), SNAPSHOT_KIND];
    const { rows } = await this.#connections.write(this.#statements.deleteStream, values);
    const [outcome, version] = onlyRow<['absent' | 'conflict' | 'deleted', string]>(rows);
    return outcome === 'conflict' ? { outcome, actual: Number(version) } : { outcome };
  }

  async head(): Promise<StoreHead> {
    const rows = await this.#connections.read(this.#statements.head);
    const [tx, next, open, position] = onlyRow<[string, string, string, string]>(rows);
    const seen = { next: Number(next), open: numbersOf(open) };
    return { position: Number(position), checkpoint: checkpointOf({ tx: Number(tx), position: 0, seen }) };
  }

  watch(wake: () => void): () => void {
    // Where there is one connection for all, listening would keep it from everything else: then it is polled.
    if (!this.#connections.isShareable) return () => undefined;
    const listener = new Listener(this.#connections, this.#channel, this.#scheduler, (sender) => {
      if (sender !== this.#sender) wake();
    });
    return () => {
      const stopping = listener.stop();
      this.#listeners.add(stopping);
      void stopping.finally(() => this.#listeners.delete(stopping));
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners);
    await this.#connections.settled();
    await this.#notifier.flush();
    await this.#connections.close();
  }

  #appended([outcome, version, tx, position]: AppendedRow): AppendOutcome {
    if (outcome === 'deleted') return { outcome };
    if (outcome === 'conflict') return { outcome, actual: Number(version) };
    this.#notifier.tell();
    return { outcome: 'appended', version: Number(version), checkpoint: `${tx}:${position}` };
  }
}

/** What processes tell each other on: any schema's name, as a short one. */
function channelOf(schema: string): string {
  return `millrace_${createHash('sha1').update(schema).digest('hex').slice(0, 16)}`;
}

/** What the append function returns. */
type AppendedRow = readonly [
  outcome: 'appended' | 'conflict' | 'deleted',
  version: string,
  tx: string,
  position: string,
];

/** The columns of a record, as texts. */
type RecordRow = readonly [
  position: string,
  tx: string,
  stream: string,
  version: string,
  id: string,
  type: string,
  time: string,
  data: string,
  metadata: string,
];

function recordOf(row: readonly unknown[], seen?: TransactionPlace['seen']): StoredRecord {
  const [position, tx, stream, version, id, type, time, data, metadata] = row as RecordRow;
  return {
    id,
    type,
    time: Number(time),
    data,
    metadata,
    stream,
    version: Number(version),
    position: Number(position),
    checkpoint:
      seen === undefined ? `${tx}:${position}` : checkpointOf({ tx: Number(tx), position: Number(position), seen }),
  };
}

/** As the functions of the database take it. */
function expectedNumber(expected: ExpectedVersion): number | null {
  if (expected === 'any') return null;
  if (expected === 'stream-exists') return -1;
  return expected === 'no-stream' ? 0 : expected;
}

function splitStreams(streams: readonly StreamSelection[] | undefined): [string[] | undefined, string[] | undefined] {
  if (streams === undefined) return [undefined, undefined];
  const names = streams.filter((selection) => typeof selection === 'string');
  const prefixes = streams.filter((selection) => typeof selection !== 'string').map(({ prefix }) => prefix);
  return [names, prefixes];
}

function isBefore(one: TransactionPlace, other: TransactionPlace): boolean {
  return one.tx < other.tx || (one.tx === other.tx && one.position < other.position);
}
