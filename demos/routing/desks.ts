import type { EventMessage } from 'millrace';
import { magnitudeOf, placeOf, type Quake, regionOf } from '../shared/earthquakes/events.ts';
import { alertOf } from './alerts.ts';

/** Somebody who wants some of the alerts. */
export interface Desk {
  readonly name: string;
  /** What RabbitMQ is told to route to it, in words. */
  readonly binding: string;
  /** A pattern, or the events themselves. */
  readonly source: string | readonly ReturnType<typeof alertOf>[];
  /** What a message's headers must have, where they are what it is routed by. */
  readonly match?: Readonly<Record<string, string>>;
  /** The same, asked of the file. */
  readonly wants: (quake: Quake, strong: number) => boolean;
}

const PACIFIC = ['Taiwan', 'Japan', 'Indonesia', 'Philippines', 'Vanuatu'];

/** Desks on the topic exchange: a type is what a quake is, token by token, and a pattern is what somebody wants of it. */
export const topicDesks: readonly Desk[] = [
  {
    name: 'pager',
    binding: 'quake.*.strong',
    source: 'quake.*.strong',
    wants: (quake, strong) => magnitudeOf(quake) >= strong,
  },
  {
    name: 'alaska',
    binding: 'quake.alaska.*',
    source: 'quake.alaska.*',
    wants: (quake) => regionOf(placeOf(quake)) === 'Alaska',
  },
  {
    name: 'alaska-strong',
    binding: 'quake.alaska.strong',
    source: 'quake.alaska.strong',
    wants: (quake, strong) => regionOf(placeOf(quake)) === 'Alaska' && magnitudeOf(quake) >= strong,
  },
  {
    name: 'pacific',
    binding: 'five topics, such as quake.taiwan.strong',
    source: PACIFIC.map((region) => alertOf(region, 'strong')),
    wants: (quake, strong) => PACIFIC.includes(regionOf(placeOf(quake))) && magnitudeOf(quake) >= strong,
  },
];

/** Keeps everything. */
export const archive: Desk = { name: 'archive', binding: 'quake.>', source: 'quake.>', wants: () => true };

/** Desks on a headers exchange behind it: they choose by what is no part of the type. */
export const headerDesks: readonly Desk[] = [
  {
    name: 'blasts',
    binding: 'headers: kind = quarry-blast',
    source: 'quake.>',
    match: { kind: 'quarry-blast' },
    wants: ({ properties }) => properties.type === 'quarry blast',
  },
  {
    name: 'nevada-network',
    binding: 'headers: network = nn, and level = moderate',
    source: 'quake.>',
    match: { network: 'nn', level: 'moderate' },
    wants: (quake, strong) => quake.properties.net === 'nn' && magnitudeOf(quake) >= 2.5 && magnitudeOf(quake) < strong,
  },
  {
    name: 'wide',
    binding: 'headers: network = us, or level = strong',
    source: 'quake.>',
    match: { 'x-match': 'any', network: 'us', level: 'strong' },
    wants: (quake, strong) => quake.properties.net === 'us' || magnitudeOf(quake) >= strong,
  },
];

/** What desks have heard, by desk: each event once. */
export class Heard {
  /** Events that came again. */
  repeated = 0;
  readonly #byDesk = new Map<string, Set<string>>();

  count(desk: string): number {
    return this.#byDesk.get(desk)?.size ?? 0;
  }

  add(desk: string, { id }: Pick<EventMessage, 'id'>): void {
    const heard = this.#byDesk.get(desk) ?? new Set<string>();
    this.#byDesk.set(desk, heard);
    if (heard.has(id)) this.repeated++;
    heard.add(id);
  }
}
