import { quoteName, quoteText } from './schema-name.ts';

/**
 * The statements that lead from one version of the tables to the next, the oldest first. What was published is never edited: a change is a new
 * entry at the end.
 */
export function migrationsOf(schema: string): readonly string[] {
  return [eventsAndDocuments(schema)];
}

/**
 * Numbers of transactions go on where they stood: a dump that was restored on another server has events of transactions which that server has yet to
 * come to, and its readers would wait for them. So `base` is added to what the server counts.
 */
export function transactionNumbers(schema: string, base: number): string {
  const s = quoteName(schema);
  return `
    create or replace function ${s}.tx_base() returns bigint language sql immutable as 'select ${base}::bigint';

    -- Everything that is written by transactions below it is there for good, or will never be.
    create or replace function ${s}.horizon() returns bigint language sql stable
      as 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ${base}';

    create or replace function ${s}.current_tx() returns bigint language sql volatile
      as 'select pg_current_xact_id()::text::bigint + ${base}';`;
}

function eventsAndDocuments(schema: string): string {
  const s = quoteName(schema);
  return `
    ${transactionNumbers(schema, 0)}

    -- json, not jsonb: it keeps what was written as it was written.
    create table ${s}.events (
      position bigserial not null,
      tx bigint not null default ${s}.current_tx(),
      stream text collate "C" not null,
      version bigint not null,
      id text collate "C" not null constraint events_id unique,
      type text collate "C" not null,
      time double precision not null,
      data json not null,
      metadata json not null,
      constraint events_order primary key (tx, position),
      constraint events_version unique (stream, version)
    );

    create table ${s}.deleted_streams (
      stream text collate "C" primary key,
      deleted_at timestamptz not null default now()
    );

    create table ${s}.documents (
      kind text collate "C" not null,
      key text collate "C" not null,
      value text not null,
      revision bigint not null,
      ordinal bigserial not null,
      primary key (kind, key)
    );

    ${streamFunctions(schema)}`;
}

/**
 * All decisions are made where the stream is, in one round trip. The lock comes before anything else: a transaction gets its number when it first
 * writes, so that in one stream the order of numbers is the order of versions.
 *
 * in_expected: null for any version, -1 for any but 0.
 */
function streamFunctions(schema: string): string {
  const s = quoteName(schema);
  const lock = `perform pg_advisory_xact_lock(hashtextextended(in_stream, hashtextextended(${quoteText(`millrace.${schema}`)}, 0)));
      select coalesce(max(e.version), 0) into out_version from ${s}.events e where e.stream = in_stream;`;
  const check = `if in_expected >= 0 and in_expected <> out_version or in_expected = -1 and out_version = 0 then
        out_outcome := 'conflict';
        return;
      end if;`;
  const append = `
    begin
      ${lock}
      if out_version = 0 and exists (select from ${s}.deleted_streams d where d.stream = in_stream) then
        out_outcome := 'deleted';
        return;
      end if;
      ${check}
      out_tx := ${s}.current_tx();
      insert into ${s}.events (tx, stream, version, id, type, time, data, metadata)
        select out_tx, in_stream, out_version + e.n, e.id, e.type, e.time, e.data::json, e.metadata::json
        from unnest(in_ids, in_types, in_times, in_datas, in_metadatas) with ordinality as e (id, type, time, data, metadata, n);
      out_outcome := 'appended';
      out_version := out_version + cardinality(in_ids);
      out_position := currval(${quoteText(`${s}.events_position_seq`)});
    end`;
  const deleteStream = `
    begin
      ${lock}
      ${check}
      out_outcome := 'absent';
      if out_version > 0 then
        delete from ${s}.events e where e.stream = in_stream;
        delete from ${s}.documents d where d.kind = in_snapshot_kind and d.key = in_stream;
        insert into ${s}.deleted_streams (stream) values (in_stream);
        out_outcome := 'deleted';
      end if;
    end`;
  return `
    create function ${s}.append(
      in_stream text, in_expected bigint,
      in_ids text[], in_types text[], in_times double precision[], in_datas text[], in_metadatas text[],
      out out_outcome text, out out_version bigint, out out_tx bigint, out out_position bigint
    ) language plpgsql as ${quoteText(append)};

    create function ${s}.delete_stream(
      in_stream text, in_expected bigint, in_snapshot_kind text, out out_outcome text, out out_version bigint
    ) language plpgsql as ${quoteText(deleteStream)};`;
}
