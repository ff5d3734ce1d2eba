import { deduplicate } from 'millrace';
import { concatMap, type Observable, tap } from 'rxjs';
import { type DeskBus, QuakeReported } from '../../shared/earthquakes/events.ts';
import type { Summary } from './poll.ts';

/** What came in. */
export class IntakeCounts {
  polls = 0;
  /** Records of all polls. */
  seen = 0;
  /** Records that were new and valid: each is an event. */
  ingested = 0;
  /** Records that were new and broken: each is a dead letter. */
  invalid = 0;
  /** When the latest summary was made, in epoch milliseconds. */
  clock = 0;

  /** Records that an earlier poll had brought already. */
  get repeated(): number {
    return this.seen - this.ingested - this.invalid;
  }
}

/**
 * Turns polls, which tell the same again and again, into events, each once. A record that does not fit the schema becomes a dead letter with
 * the reason `invalid`, and harms neither the pipeline nor the records behind it.
 */
export function takeIn(polls: Observable<Summary>, bus: DeskBus, counts: IntakeCounts): Observable<boolean> {
  return polls.pipe(
    tap(({ metadata }) => {
      counts.polls++;
      counts.clock = metadata.generated;
    }),
    // The feed lists the latest record first.
    concatMap(({ features }) => features.toReversed()),
    tap(() => counts.seen++),
    // A key counts as done when the event has been ingested, not before.
    deduplicate(revisionOf, (record) => [bus.ingest(QuakeReported, record)], { maxSize: 50_000 }),
    tap((isValid) => counts[isValid ? 'ingested' : 'invalid']++),
  );
}

/** A record is the same as long as its id and its revision are; a broken one may have neither, and is the same if its text is. */
function revisionOf(record: unknown): string {
  const { id, properties } = (record ?? {}) as { id?: unknown; properties?: { updated?: unknown } };
  return JSON.stringify(id === undefined || properties?.updated === undefined ? record : [id, properties.updated]);
}
