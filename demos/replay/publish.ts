import { type Broker, createBrokeredBus } from 'millrace';
import { openBar } from '../shared/bar.ts';
import { placeOf, type Quake, QuakeReported, regionOf } from '../shared/earthquakes/events.ts';

/** Publishes that are in the air at a time. */
const WAVE = 200;

/**
 * Publishes quakes in the order in which they happened, each with its own time, and its region as the key: what has the same key stays in order.
 *
 * @returns how many were confirmed
 */
export async function publishQuakes(
  broker: Broker,
  group: string,
  quakes: readonly Quake[],
  stop: AbortSignal,
): Promise<number> {
  await using bus = createBrokeredBus(broker, { events: [QuakeReported], group });
  const bar = openBar(process.stdout, 'quakes confirmed');
  let confirmed = 0;
  for (let at = 0; at < quakes.length && !stop.aborted; at += WAVE) {
    const reports = quakes.slice(at, at + WAVE).map(async (quake) => {
      const { time } = quake.properties;
      return bus.publish(QuakeReported, quake, { id: quake.id, time, subject: regionOf(placeOf(quake)) });
    });
    confirmed += (await Promise.all(reports)).length;
    bar.show(confirmed, quakes.length);
  }
  bar.end();
  return confirmed;
}
