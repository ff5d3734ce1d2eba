import { createHash } from 'node:crypto';
import type { NamedStatement } from './connections.ts';
import { quoteName, quoteText } from './schema-name.ts';

/** How many events are looked at for a page of some of them at most. */
const SCAN = 10_000;

/** The columns of a record, in the order in which `recordOf` reads them. */
const RECORD = 'e.position, e.tx, e.stream, e.version, e.id, e.type, e.time, e.data::text, e.metadata::text';

/** A statement with a name that is its own, whatever else its connection is used for. */
export function named(text: string): NamedStatement {
  return { name: `millrace_${createHash('sha1').update(text).digest('base64url')}`, text };
}

/** The statements on the events of a schema. */
export interface EventStatements {
  readonly append: NamedStatement;
  readonly deleteStream: NamedStatement;
  readonly readForwards: NamedStatement;
  readonly readBackwards: NamedStatement;
  readonly findEvent: NamedStatement;
  readonly streamVersion: NamedStatement;
  readonly head: NamedStatement;
  /** All events behind a place. */
  readonly page: NamedStatement;
  /** The same, of those that are selected; also without those that were seen. */
  readonly selectedPage: NamedStatement;
}

/** Writes them. */
export function eventStatements(schema: string): EventStatements {
  const s = quoteName(schema);
  const events = `${s}.events e`;
  const one = `select ${RECORD} from ${events}`;
  return {
    append: named(`select * from ${s}.append($1, $2, $3, $4, $5, $6, $7)`),
    deleteStream: named(`select * from ${s}.delete_stream($1, $2, $3)`),
    // Versions have no gaps. With a limit alone, a server that takes the stream for a short one reads and sorts all of it for each page.
    readForwards: named(
      `${one} where e.stream = $1 and e.version >= $2 and e.version < $2::bigint + $3::bigint order by e.version`,
    ),
    readBackwards: named(`
      ${one}
        where e.stream = $1 and e.version <= $2 and e.version > least($2::bigint, ${versionOf('$1', events)}) - $3::bigint
        order by e.version desc`),
    findEvent: named(`${one} where e.id = $1`),
    streamVersion: named(`select ${versionOf('$1', events)}`),
    // One snapshot for all, as in every statement. The sequence is asked after it was taken: no event has a higher position that was there before.
    head: named(`
      select ${s}.horizon(), pg_snapshot_xmax(now.snapshot)::text::bigint + ${s}.tx_base(),
        array_to_string(array(select xip::text::bigint + ${s}.tx_base() from pg_snapshot_xip(now.snapshot) xip), ','),
        ${highestPosition(s)}
      from (select pg_current_snapshot() as snapshot) now`),
    page: named(`
      (${one} where (e.tx, e.position) > ($1, $2) and e.tx < ${s}.horizon() order by e.tx, e.position limit $3)
      union all
      ${lastRow(s, `${s}.horizon()`, '0')}`),
    // It looks no further than an edge, as what is selected may be rare.
    selectedPage: named(`
      with edge as materialized (
        (select e.tx, e.position from ${events}
          where (e.tx, e.position) > ($1, $2) and e.tx < ${s}.horizon()
          order by e.tx, e.position offset ${SCAN - 1} limit 1)
        union all
        select ${s}.horizon(), 0
        limit 1
      )
      (${one}
        where (e.tx, e.position) > ($1, $2)
          and (e.tx, e.position) <= ((select tx from edge), (select position from edge))
          and ($4::text[] is null or e.type = any($4))
          and ($5::text[] is null or e.stream = any($5) or e.stream ^@ any($6::text[]))
          and ($7::bigint is null or e.tx >= $7 or e.tx = any($8::bigint[]))
        order by e.tx, e.position limit $3)
      union all
      ${lastRow(s, '(select tx from edge)', '(select position from edge)')}`),
  };
}

/** The version of a stream's last event; 0 if there is none. */
function versionOf(stream: string, events: string): string {
  return `(select coalesce(max(e.version), 0) from ${events} where e.stream = ${stream})`;
}

/**
 * The highest position that was given, also to an event that is not committed yet, or was deleted since. A role that may only read tables may not ask the sequence:
 * then it is looked for among all events, which takes long.
 */
function highestPosition(s: string): string {
  const sequence = `${quoteText(`${s}.events_position_seq`)}::regclass`;
  return `coalesce(
          case when has_sequence_privilege(${sequence}, 'usage, select') then pg_sequence_last_value(${sequence}) end,
          (select max(e.position) from ${s}.events e), 0)`;
}

/** Where a page has looked to, and in the place of a stream the newest event that is held back. */
function lastRow(s: string, tx: string, position: string): string {
  return `select ${position}, ${tx},
        (select e.tx || ':' || e.position from ${s}.events e where e.tx >= ${s}.horizon() order by e.tx desc, e.position desc limit 1),
        null, null, null, null, null, null`;
}

/** The statements on the documents of a schema. */
export interface DocumentStatements {
  readonly get: NamedStatement;
  readonly put: NamedStatement;
  readonly putFirst: NamedStatement;
  readonly putOver: NamedStatement;
  readonly remove: NamedStatement;
  readonly list: NamedStatement;
}

/** Writes them. */
export function documentStatements(schema: string): DocumentStatements {
  const documents = `${quoteName(schema)}.documents`;
  const insert = `insert into ${documents} as d (kind, key, value, revision) values ($1, $2, $3, 1)`;
  return {
    get: named(`select key, value, revision from ${documents} where kind = $1 and key = $2`),
    put: named(`${insert} on conflict (kind, key) do update set value = excluded.value, revision = d.revision + 1`),
    putFirst: named(`${insert} on conflict (kind, key) do nothing`),
    putOver: named(
      `update ${documents} set value = $3, revision = revision + 1 where kind = $1 and key = $2 and revision = $4`,
    ),
    remove: named(`delete from ${documents} where kind = $1 and key = $2`),
    list: named(`select key, value, revision from ${documents} where kind = $1 order by ordinal`),
  };
}
