import { readArchive } from '../archive.ts';
import { type Quake, quakeRecord } from './events.ts';

/** The quakes of the archive, in the order in which they happened. */
export async function readQuakes(): Promise<readonly Quake[]> {
  const { features } = await readArchive();
  return features
    .map((feature) => quakeRecord.parse(feature))
    .toSorted((one, other) => one.properties.time - other.properties.time);
}
