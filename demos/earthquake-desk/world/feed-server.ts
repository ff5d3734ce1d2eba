import { createRandom } from '../../shared/random.ts';
import { readArchive } from '../../shared/archive.ts';
import { brokenEditions, type Edition, editionsOf } from './editions.ts';
import { type LocalServer, serveLocally } from '../../shared/local-server.ts';
import { ReplayClock } from './replay-clock.ts';

export interface FeedServerOptions {
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly seed: number;
}

/** A week of the USGS service, replayed. */
export interface FeedServer extends LocalServer {
  /** When the replayed week begins and ends, in epoch milliseconds. */
  readonly start: number;
  readonly end: number;
  /** Quakes in the archive. */
  readonly quakes: number;
  /** What it has served so far, to compare with what the desk has seen. */
  readonly served: { readonly records: number; readonly editions: ReadonlySet<Edition> };
}

/** Serves a summary of the last hour in the format of the real one, as of a clock that runs fast. */
export async function startFeedServer({ speed, seed }: FeedServerOptions): Promise<FeedServer> {
  const { metadata, features } = await readArchive();
  const start = Math.min(...features.map(({ properties }) => properties.time));
  const clock = new ReplayClock(start, metadata.generated, speed);
  const editions = [
    ...features.flatMap(editionsOf),
    ...brokenEditions(features, createRandom(`${seed}/broken records`)),
  ].toSorted((one, other) => other.from - one.from);
  const served = { records: 0, editions: new Set<Edition>() };

  const server = await serveLocally('/earthquakes/feed/v1.0/summary/all_hour.geojson', (_, response) => {
    const now = clock.read();
    const current = editions.filter(({ from, until }) => from <= now && now < until);
    served.records += current.length;
    for (const edition of current) served.editions.add(edition);
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        type: 'FeatureCollection',
        metadata: { generated: now, title: 'USGS All Earthquakes, Past Hour', status: 200, count: current.length },
        features: current.map(({ record }) => record),
      }),
    );
  });
  return Object.assign(server, { start, end: clock.end, quakes: features.length, served });
}
