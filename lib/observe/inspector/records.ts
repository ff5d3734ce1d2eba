import type { BusPart } from '../../bus/bus-part.ts';
import type { Attachment, HandlerPart, Part } from '../../process/probe.ts';
import { BusRecord } from './bus-record.ts';
import { type ChannelPart, ChannelRecord } from './channel-record.ts';
import { CountsOfAll } from './counts-of-all.ts';
import { HandlerRecord } from './handler-record.ts';
import { type ProjectionPart, ProjectionRecord } from './projection-record.ts';
import type { HandlerSnapshot, InspectorSnapshot, PartSnapshot } from './snapshot.ts';

/** All parts that an inspector has been given to, by kind, in the order in which they came. */
export class Records {
  private readonly random: () => number;
  private readonly handlers = new Map<Part, HandlerRecord>();
  private readonly buses = new Map<Part, BusRecord>();
  private readonly channels = new Map<Part, ChannelRecord>();
  private readonly projections = new Map<Part, ProjectionRecord>();
  private readonly ids = new Map<Part, string>();
  private readonly counts = new CountsOfAll();
  private closed = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  handler(part: HandlerPart): HandlerRecord | undefined {
    return this.handlers.get(part);
  }

  /** A handler that may have gone has ended one more event. */
  recount(part: HandlerPart): void {
    this.counts.recount(part);
  }

  /** The state of a broker has changed: names do not tell whose. */
  heedBroker(now: number): void {
    for (const bus of this.buses.values()) bus.heedBroker(now);
  }

  add(part: Part, now: number): Attachment {
    // It was given twice: once is enough.
    if (this.ids.has(part)) return { samples: () => false };
    const identity = { id: this.idOf(part), name: part.name, since: now };
    const attachment = this.addRecord(part, identity);
    this.ids.set(part, identity.id);
    return attachment;
  }

  snapshot(now: number): InspectorSnapshot {
    const byOwner = new Map<Part | undefined, HandlerSnapshot[]>();
    const all: HandlerSnapshot[] = [];
    for (const [part, record] of this.handlers) {
      const handler = record.snapshot(now);
      const owner = part.owner !== undefined && this.ids.has(part.owner) ? part.owner : undefined;
      const siblings = byOwner.get(owner);
      if (siblings === undefined) byOwner.set(owner, [handler]);
      else siblings.push(handler);
      all.push(handler);
    }
    const of = (owner?: Part): readonly HandlerSnapshot[] => byOwner.get(owner) ?? [];
    return {
      time: now,
      buses: [...this.buses].map(([part, bus]) => bus.snapshot(of(part), now)),
      channels: [...this.channels].map(([part, channel]) => channel.snapshot(of(part), now)),
      projections: [...this.projections].map(([part, projection]) => projection.snapshot(of(part), now)),
      processors: of(),
      closed: this.closed,
      totals: this.counts.total(all),
    };
  }

  /** What a part can tell goes by its kind. */
  private addRecord(part: Part, identity: PartSnapshot): Attachment {
    const detached = (): void => this.remove(part);
    switch (part.kind) {
      case 'handler': {
        const handler = part as HandlerPart;
        const record = new HandlerRecord(identity, handler, this.random, () => {
          this.counts.leave(handler);
          detached();
        });
        this.handlers.set(part, record);
        this.counts.enter(handler);
        return record;
      }
      case 'bus':
        this.buses.set(part, new BusRecord(identity, part as BusPart));
        return { detached };
      case 'channel':
        this.channels.set(part, new ChannelRecord(identity, part as ChannelPart));
        return { detached };
      case 'projection':
        this.projections.set(part, new ProjectionRecord(identity, part as ProjectionPart));
        return { detached };
      default:
        return { detached };
    }
  }

  private remove(part: Part): void {
    for (const records of [this.handlers, this.buses, this.channels, this.projections]) records.delete(part);
    this.ids.delete(part);
    if (part.owner === undefined && stateOf(part) === 'closed') this.closed++;
  }

  /** Such as `bus orders`; `bus orders 2`, if there is one already. */
  private idOf({ kind, name, owner }: Part): string {
    const above = owner === undefined ? undefined : this.ids.get(owner);
    const wanted = above === undefined ? `${kind === 'handler' ? 'processor' : kind} ${name}` : `${above} / ${name}`;
    const taken = new Set(this.ids.values());
    if (!taken.has(wanted)) return wanted;
    let number = 2;
    while (taken.has(`${wanted} ${number}`)) number++;
    return `${wanted} ${number}`;
  }
}

function stateOf(part: Part): unknown {
  const stats: { readonly state?: unknown } = part.stats();
  return stats.state;
}
