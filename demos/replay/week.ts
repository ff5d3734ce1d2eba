import { placeOf, type Quake, regionOf } from '../shared/earthquakes/events.ts';
import { readQuakes } from '../shared/earthquakes/quakes.ts';
import { dayOf } from './quake-table.ts';

/** From here on quakes are published late, when readers are there. */
const LATE = Date.parse('2018-02-07');

/** The quakes of the archive. */
export interface Week {
  /** In the order in which they happened. */
  readonly all: readonly Quake[];
  readonly early: readonly Quake[];
  readonly late: readonly Quake[];
}

export async function readWeek(): Promise<Week> {
  const all = await readQuakes();
  const isEarly = ({ properties }: Quake): boolean => properties.time < LATE;
  return { all, early: all.filter(isEarly), late: all.filter((quake) => !isEarly(quake)) };
}

/** Those from a time on. */
export function since(quakes: readonly Quake[], time: number): readonly Quake[] {
  return quakes.filter(({ properties }) => properties.time >= time);
}

/** What a table of these quakes must have, by region and day. */
export function expectedCounts(quakes: readonly Quake[]): ReadonlyMap<string, number> {
  const keys = quakes.map((quake) => `${regionOf(placeOf(quake))} ${dayOf(quake.properties.time)}`);
  return new Map([...new Set(keys)].map((key) => [key, keys.filter((other) => other === key).length]));
}
