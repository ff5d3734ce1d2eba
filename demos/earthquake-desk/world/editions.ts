import type { ArchivedRecord } from '../../shared/archive.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** From a quake to its first, automatic report. */
const FIRST_REPORT_MS = 1.5 * MINUTE_MS;

/** A record as it stands in the summary of the last hour, from one moment to another. */
export interface Edition {
  readonly from: number;
  readonly until: number;
  readonly record: unknown;
  readonly isBroken: boolean;
}

/**
 * When the summary shows a record. The archive keeps its last revision only; before that was made, the summary shows a first one, which
 * differs by `updated` and `status`.
 */
export function editionsOf(record: ArchivedRecord): readonly Edition[] {
  const { time, updated } = record.properties;
  const reported = time + FIRST_REPORT_MS;
  const end = time + HOUR_MS;
  const first = { ...record, properties: { ...record.properties, updated: reported, status: 'automatic' } };
  if (updated >= end) return [{ from: reported, until: end, record: first, isBroken: false }];
  return [
    { from: reported, until: updated, record: first, isBroken: false },
    { from: updated, until: end, record, isBroken: false },
  ];
}

/** Breaks copies of a few records, each in another way; which ones is left to chance. */
export function brokenEditions(records: readonly ArchivedRecord[], random: () => number): readonly Edition[] {
  return breakages.map((breakIt, index) => {
    const original = records[Math.floor(random() * records.length)]!;
    const { time } = original.properties;
    const record = breakIt({ ...original, id: `${original.id}x${index}` });
    return { from: time + FIRST_REPORT_MS, until: time + HOUR_MS, record, isBroken: true };
  });
}

type Breakage = (record: ArchivedRecord) => unknown;

const breakages: readonly Breakage[] = [
  // The magnitude is a text.
  ({ properties, ...rest }) => ({ ...rest, properties: { ...properties, mag: String(properties['mag']) } }),
  // The time is not known.
  ({ properties, ...rest }) => ({ ...rest, properties: { ...properties, time: null } }),
  // The network is no name, and would be a surprising file.
  ({ properties, ...rest }) => ({ ...rest, properties: { ...properties, net: '../net' } }),
  // There is no place.
  (record) => ({ ...record, geometry: undefined }),
  // The latitude is beyond the pole.
  (record) => ({ ...record, geometry: { type: 'Point', coordinates: [-115.5, 133.2, 8] } }),
  // All but the id is lost.
  ({ id }) => ({ id }),
];
