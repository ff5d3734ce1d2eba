import { EAST, type Point, project, WEST } from './projection.ts';

/** A coast: longitude and latitude in turn. */
type Ring = readonly number[];
type Place = readonly [longitude: number, latitude: number];

/** The coasts of Natural Earth (1:110 million, in the public domain), for this map: cut at its edges. */
export async function loadLand(): Promise<readonly (readonly Point[])[]> {
  const response = await fetch('/land.json');
  const rings = (await response.json()) as readonly Ring[];
  return rings.flatMap((ring) =>
    // As far as it lies on the map, and as far as it does so one turn further.
    [0, 360, -360]
      .map((turn) => cut(cut(unwound(ring, turn), WEST, 1), EAST, -1))
      .filter(({ length }) => length > 2)
      .map((places) => places.map(([longitude, latitude]) => project(longitude, latitude))),
  );
}

/** Places of which each is near the one before, also across the date line. */
function unwound(ring: Ring, turn: number): readonly Place[] {
  const places: Place[] = [];
  let last = ring[0]!;
  for (let at = 0; at < ring.length; at += 2) {
    last = ring[at]! - 360 * Math.round((ring[at]! - last) / 360);
    places.push([last + turn, ring[at + 1]!]);
  }
  return places;
}

/** What of a polygon is on one side of a meridian (Sutherland and Hodgman 1974). */
function cut(places: readonly Place[], meridian: number, side: -1 | 1): readonly Place[] {
  const isInside = ([longitude]: Place): boolean => (longitude - meridian) * side >= 0;
  return places.flatMap((place, at) => {
    const before = places.at(at - 1)!;
    if (isInside(place) === isInside(before)) return isInside(place) ? [place] : [];
    const share = (meridian - before[0]) / (place[0] - before[0]);
    const crossing: Place = [meridian, before[1] + share * (place[1] - before[1])];
    return isInside(place) ? [crossing, place] : [crossing];
  });
}
