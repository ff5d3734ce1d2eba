import { type ArchivedRecord, readArchive } from '../../shared/archive.ts';
import type { Findings } from '../findings.ts';

/** A real week of earthquakes, to be searched by place. */
export class Quakes {
  readonly #records: readonly { readonly place: string; readonly magnitude: number }[];

  constructor(records: readonly ArchivedRecord[]) {
    this.#records = records.map(({ properties }) => ({
      place: String(properties['place']),
      magnitude: Number(properties['mag']),
    }));
  }

  static async read(): Promise<Quakes> {
    const { features } = await readArchive();
    return new Quakes(features);
  }

  /** Finds the quakes in whose place each word occurs. */
  find(text: string): Findings {
    const words = text.toLowerCase().split(/\s+/);
    const found = this.#records
      .filter(({ place }) => words.every((word) => place.toLowerCase().includes(word)))
      .toSorted((one, other) => other.magnitude - one.magnitude);
    const [strongest] = found;
    return {
      quakes: found.length,
      strongest: strongest === undefined ? '' : `M ${strongest.magnitude.toFixed(1)} ${strongest.place}`,
    };
  }
}
