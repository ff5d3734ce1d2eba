import type { Part } from '../process/probe.ts';
import type { BusStats } from './bus-stats.ts';
import type { Topics } from './topics.ts';

/** A bus, as probes see it. */
export interface BusPart extends Part {
  /** A bus. */
  readonly kind: 'bus';
  /** The types of the events that it knows by now. */
  events(): readonly string[];
  /** What it has done and has to do, now. */
  stats(): BusStats;
}

/** Shows probes of a bus no more than they may use. */
export function busPart(name: string, topics: Topics, stats: () => BusStats): BusPart {
  return { kind: 'bus', name, events: () => typesOf(topics, () => true), stats };
}

/** The types, of those that a bus knows, that a handler listens to. */
export function typesOf(topics: Topics, matches: (type: string) => boolean): readonly string[] {
  return topics.matching(matches).map(({ definition }) => definition.type);
}
