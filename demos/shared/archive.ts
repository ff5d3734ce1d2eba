import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

/** A record of the archive: a GeoJSON feature. */
export interface ArchivedRecord {
  readonly id: string;
  readonly properties: { readonly time: number; readonly updated: number; readonly [name: string]: unknown };
  readonly geometry: unknown;
}

/** What the USGS published on 7 February 2018: all earthquakes of the week before. */
export interface Archive {
  readonly metadata: { readonly generated: number };
  readonly features: readonly ArchivedRecord[];
}

export async function readArchive(): Promise<Archive> {
  const compressed = await readFile(new URL('../data/usgs-earthquakes-week.json.gz', import.meta.url));
  return JSON.parse(gunzipSync(compressed).toString()) as Archive;
}
