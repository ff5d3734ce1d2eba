import { defineEvent, type EventDefinition, type MessageHeaders } from 'millrace';
import { z } from 'zod';
import { magnitudeOf, placeOf, type Quake, regionOf } from '../shared/earthquakes/events.ts';

/** What is said of a quake. */
const alert = z.object({ magnitude: z.number().nullable(), place: z.string(), time: z.int() });

type Alert = z.infer<typeof alert>;

/** How strong a quake is, in a word. */
type Level = 'moderate' | 'strong' | 'weak';

type AlertDefinition = EventDefinition<string, Alert>;

const definitions = new Map<string, AlertDefinition>();

/** What a pattern brings may be anything. @throws ZodError if it is no alert */
export function readAlert(data: unknown): Alert {
  return alert.parse(data);
}

/** The event of a region and a level. Its type is what it is routed by: `quake.alaska.strong`. */
export function alertOf(region: string, level: Level): AlertDefinition {
  const type = `quake.${wordOf(region)}.${level}`;
  const known = definitions.get(type) ?? defineEvent(type, alert);
  definitions.set(type, known);
  return known;
}

/** The event that tells of a quake, and its data. */
export function alertFor(quake: Quake, strong: number): { readonly definition: AlertDefinition; readonly data: Alert } {
  const { mag, time } = quake.properties;
  const place = placeOf(quake);
  return { definition: alertOf(regionOf(place), levelOf(quake, strong)), data: { magnitude: mag, place, time } };
}

/** What is beside the data, for those who choose by it. */
export function headersOf(quake: Quake, strong: number): MessageHeaders {
  const { net, type } = quake.properties;
  return { network: net, level: levelOf(quake, strong), kind: type.replaceAll(' ', '-') };
}

function levelOf(quake: Quake, strong: number): Level {
  const magnitude = magnitudeOf(quake);
  if (magnitude >= strong) return 'strong';
  return magnitude >= 2.5 ? 'moderate' : 'weak';
}

/** A region as a token of a topic: no dots, no spaces. */
function wordOf(region: string): string {
  return region.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-');
}
