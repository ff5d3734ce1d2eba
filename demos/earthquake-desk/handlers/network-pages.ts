import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, magnitudeOf, type Quake, type QuakeMessage } from '../../shared/earthquakes/events.ts';

/** The page of one network, as it is written. */
export interface NetworkPage {
  readonly network: string;
  readonly quakes: number;
  readonly strongest: string;
  readonly latest: string;
}

/**
 * Keeps a page per network up to date. Two writes of one file must not overlap, and a revision must not overtake the report that it revises:
 * with `key`, a network's reports are handled one at a time and in order, while those of other networks flow on.
 */
export class NetworkPages {
  readonly #folder: string;
  readonly #networks = new Map<string, Map<string, Quake>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The files written so far. */
  get files(): readonly string[] {
    return [...this.#networks.keys()].map((network) => this.#fileOf(network));
  }

  has(quakeId: string): boolean {
    return [...this.#networks.values()].some((quakes) => quakes.has(quakeId));
  }

  /** Handling a report a second time changes nothing, so retries and redrives are harmless. */
  async handle({ data }: QuakeMessage): Promise<void> {
    const { net: network } = data.properties;
    const quakes = new Map(this.#networks.get(network)).set(data.id, data);
    await writeFile(this.#fileOf(network), JSON.stringify(pageOf(network, [...quakes.values()]), undefined, 2));
    this.#networks.set(network, quakes);
  }

  #fileOf(network: string): string {
    return join(this.#folder, `${network}.json`);
  }
}

function pageOf(network: string, quakes: readonly Quake[]): NetworkPage {
  const strongest = quakes.reduce((most, quake) => (magnitudeOf(quake) > magnitudeOf(most) ? quake : most));
  const latest = quakes.reduce((last, quake) => (quake.properties.time > last.properties.time ? quake : last));
  return { network, quakes: quakes.length, strongest: describe(strongest), latest: describe(latest) };
}
