import { type BusHandlerContext, type DataOf, defineEvent, type EventBus, type MessageOf } from 'millrace';
import * as z from 'zod';

/**
 * One record of a USGS summary, as far as the desk uses it: a GeoJSON feature.
 *
 * https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
 */
export const quakeRecord = z.object({
  id: z.string().min(1),
  properties: z.object({
    mag: z.number().nullable(),
    place: z.string().nullable(),
    /** Epoch milliseconds; a record that was revised keeps its time and has a new `updated`. */
    time: z.int(),
    updated: z.int(),
    /** The network that reports it, such as `ci` for Southern California. It names a file: nothing but letters and digits. */
    net: z.string().regex(/^[a-z0-9]+$/i),
    /** `earthquake`, `explosion`, `quarry blast`, … */
    type: z.string(),
  }),
  geometry: z.object({
    /** Longitude, latitude, and the depth in kilometres. */
    coordinates: z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90), z.number().nullable()]),
  }),
});

/** A network reports a quake, or revises its report. It comes from outside, so it has a schema. */
export const QuakeReported = defineEvent('quake.reported', quakeRecord);

/** A quake that people have to be told of. */
export const StrongQuakeSeen = defineEvent(
  'quake.strong',
  z.object({ magnitude: z.number(), place: z.string(), region: z.string(), time: z.int() }),
);

/** Many quakes in one place, within hours. */
export const SwarmFound = defineEvent(
  'swarm.found',
  z.object({
    quakes: z.int(),
    strongest: z.number(),
    place: z.string(),
    region: z.string(),
    since: z.int(),
    until: z.int(),
  }),
);

export const events = [QuakeReported, StrongQuakeSeen, SwarmFound] as const;

/** A bus that knows these events: any other does not compile. */
export type DeskBus = EventBus<(typeof events)[number]>;
export type DeskContext = BusHandlerContext<(typeof events)[number]>;
export type Quake = DataOf<typeof QuakeReported>;
export type QuakeMessage = MessageOf<typeof QuakeReported>;
/** What is alerted. */
export type AlertMessage = MessageOf<typeof StrongQuakeSeen | typeof SwarmFound>;
/** The same as plain data, such as a store gives it back. */
export type Alert = PlainOf<AlertMessage>;

type PlainOf<Message> = Message extends { readonly id: string; readonly type: infer Type; readonly data: infer Data }
  ? { readonly id: string; readonly type: Type; readonly data: Data }
  : never;

export function magnitudeOf({ properties }: Quake): number {
  // Small quakes have negative ones.
  return properties.mag ?? -Infinity;
}

/** Where a quake was, in words. */
export function placeOf({ properties, geometry }: Quake): string {
  const [longitude, latitude] = geometry.coordinates;
  return properties.place ?? `${latitude.toFixed(1)}°, ${longitude.toFixed(1)}°`;
}

/** The country or state of a place: `17km ENE of Hualian, Taiwan` is in `Taiwan`. */
export function regionOf(place: string): string {
  return place.slice(place.lastIndexOf(',') + 1).trim();
}

/** A quake in a few words. */
export function describe(quake: Quake): string {
  return `M ${quake.properties.mag?.toFixed(1) ?? '?'} ${placeOf(quake)}`;
}

/** Any event of the desk in one line; `type` tells what `data` is. */
export function headline({ type, data }: PlainOf<QuakeMessage> | Alert): string {
  if (type === 'quake.reported') return describe(data);
  if (type === 'quake.strong') return `M ${data.magnitude.toFixed(1)} ${data.place}`;
  return `swarm of ${data.quakes} up to M ${data.strongest.toFixed(1)}, ${data.place}`;
}
