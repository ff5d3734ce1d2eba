import { table } from '../shared/text.ts';
import { magnitudeOf, placeOf, type Quake, type QuakeMessage, regionOf } from '../shared/earthquakes/events.ts';

/** How many regions are worth a line. */
const SHOWN = 8;

/** What a reader makes of the events: how many quakes each region had on each day, and the strongest. */
export class QuakeTable {
  /** Quakes that came again: they count once. */
  repeated = 0;
  /** Quakes that came in their region's order. */
  inOrder = 0;
  strongest: Quake | undefined;
  readonly #ids = new Set<string>();
  readonly #counts = new Map<string, number>();
  /** The time of each region's last quake. */
  readonly #latest = new Map<string, number>();

  /** How many quakes are in it. */
  get size(): number {
    return this.#ids.size;
  }

  /** By region and day, as in `Alaska 2018-02-04`. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  handle({ data }: QuakeMessage): void {
    this.#add(data);
  }

  /** The regions with most quakes, day by day. */
  lines(): readonly string[] {
    const cells = [...this.#counts].map(([key, count]) => ({ region: key.slice(0, -11), day: key.slice(-10), count }));
    const days = [...new Set(cells.map(({ day }) => day))].toSorted();
    const totals = new Map<string, number>();
    for (const { region, count } of cells) totals.set(region, (totals.get(region) ?? 0) + count);
    const regions = [...totals].toSorted(([, one], [, other]) => other - one).slice(0, SHOWN);
    const rows = regions.map(([region, total]) => this.#rowOf(region, days, total));
    return table(['', ...days.map((day) => day.slice(5)), 'all'], rows);
  }

  #rowOf(region: string, days: readonly string[], total: number): readonly (number | string)[] {
    return [region, ...days.map((day) => this.#counts.get(`${region} ${day}`) ?? 0), total];
  }

  #add(quake: Quake): void {
    const { time } = quake.properties;
    if (this.#ids.has(quake.id)) {
      this.repeated++;
      return;
    }
    this.#ids.add(quake.id);
    const region = regionOf(placeOf(quake));
    const key = `${region} ${dayOf(time)}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (time >= (this.#latest.get(region) ?? 0)) this.inOrder++;
    this.#latest.set(region, time);
    if (this.strongest === undefined || magnitudeOf(quake) > magnitudeOf(this.strongest)) this.strongest = quake;
  }
}

/** The day in UTC: `2018-02-04`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
