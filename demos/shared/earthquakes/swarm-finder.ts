import {
  type DeskContext,
  magnitudeOf,
  placeOf,
  type Quake,
  type QuakeMessage,
  regionOf,
  SwarmFound,
} from './events.ts';

const SWARM = { quakes: 5, withinKm: 50, withinMs: 12 * 3_600_000, minMagnitude: 2.5 };

/**
 * Finds swarms in a window that slides along the time of the quakes: several in one place within hours. A swarm is announced when it has
 * become one; later quakes prolong it silently.
 *
 * Its state needs one event at a time, which is what a handler has by default.
 */
export class SwarmFinder {
  /** The quakes of the last hours, by id: a revision takes the place of what it revises. */
  readonly #window = new Map<string, Quake>();
  /** The latest quake of each swarm that goes on. */
  #swarms: Quake[] = [];

  handle({ data: quake }: QuakeMessage, { emit }: DeskContext): void {
    if (quake.properties.type !== 'earthquake' || magnitudeOf(quake) < SWARM.minMagnitude) return;
    this.#slideTo(quake);
    const swarm = this.#swarms.findIndex((latest) => isNear(latest, quake));
    if (swarm >= 0) {
      this.#swarms[swarm] = quake;
      return;
    }
    const near = [...this.#window.values()].filter((other) => isNear(other, quake));
    if (near.length < SWARM.quakes) return;
    const times = near.map(({ properties }) => properties.time);
    const place = placeOf(quake);
    const since = Math.min(...times);
    const until = Math.max(...times);
    const strongest = Math.max(...near.map(magnitudeOf));
    emit(
      SwarmFound,
      { quakes: near.length, strongest, place, region: regionOf(place), since, until },
      { id: `swarm-${quake.id}` },
    );
    this.#swarms.push(quake);
  }

  #slideTo(quake: Quake): void {
    const start = quake.properties.time - SWARM.withinMs;
    const isRecent = ({ properties }: Quake): boolean => properties.time >= start;
    for (const [id, old] of this.#window) if (!isRecent(old)) this.#window.delete(id);
    this.#swarms = this.#swarms.filter(isRecent);
    this.#window.set(quake.id, quake);
  }
}

function isNear(one: Quake, other: Quake): boolean {
  return kilometresBetween(one, other) <= SWARM.withinKm;
}

/** The haversine formula, on a sphere of the earth's mean radius. */
function kilometresBetween(one: Quake, other: Quake): number {
  const [longitude1, latitude1] = one.geometry.coordinates.map(radians) as [number, number];
  const [longitude2, latitude2] = other.geometry.coordinates.map(radians) as [number, number];
  const a =
    Math.sin((latitude2 - latitude1) / 2) ** 2 +
    Math.cos(latitude1) * Math.cos(latitude2) * Math.sin((longitude2 - longitude1) / 2) ** 2;
  return 2 * 6_371 * Math.asin(Math.sqrt(a));
}

function radians(degrees: number | null): number {
  return ((degrees ?? 0) * Math.PI) / 180;
}
