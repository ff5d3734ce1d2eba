import type { Part } from '../../process/probe.ts';
import type { ProjectionStats } from '../../sourcing/projection.ts';
import { PartRecord } from './part-record.ts';
import type { HandlerSnapshot, PartSnapshot, ProjectionSnapshot } from './snapshot.ts';
import { Spell } from './spell.ts';

/** What an inspector keeps of a projection. */
export class ProjectionRecord extends PartRecord {
  private readonly part: ProjectionPart;
  private readonly behind: Spell<boolean>;

  constructor(identity: PartSnapshot, part: ProjectionPart) {
    super(identity);
    this.part = part;
    this.behind = new Spell(false, identity.since);
  }

  snapshot(handlers: readonly HandlerSnapshot[], now: number): ProjectionSnapshot {
    const { state, generation, lag, checkpoint, rebuild } = this.part.stats();
    const isBehind = lag > 0;
    const sinceMs = this.behind.look(isBehind, now);
    return {
      ...this.identity,
      state,
      generation,
      lag,
      ...(checkpoint !== undefined && { checkpoint }),
      ...(rebuild !== undefined && { rebuild: { ...rebuild } }),
      behindMs: isBehind ? sinceMs : 0,
      handlers,
    };
  }
}

/** A projection, as probes see it. */
export interface ProjectionPart extends Part {
  stats(): ProjectionStats;
}
