import type { TracedEnd, TracedEvent, TraceNode } from './event-trace.ts';

/** A node that is being filled. */
interface Growing<Event extends TracedEvent> extends TraceNode<Event> {
  readonly children: Growing<Event>[];
}

/**
 * Hangs each event below its cause, and returns those that have none.
 *
 * @param events - each id once
 */
export function causationTree<Event extends TracedEvent>(
  events: readonly Event[],
  endsOf: (event: Event) => readonly TracedEnd[],
): readonly TraceNode<Event>[] {
  // The sort is stable: of one time, they stay as they came.
  const sorted = events.toSorted((one, other) => one.time - other.time);
  const byId = new Map(sorted.map((event) => [event.id, event]));
  const causeOf = ({ headers: { causationId } }: Event): Event | undefined =>
    causationId === undefined ? undefined : byId.get(causationId);
  const cuts = cycleStarts(sorted, causeOf);
  const nodes = new Map<Event, Growing<Event>>();
  for (const event of sorted) nodes.set(event, grow(event, cuts.has(event), causeOf(event), endsOf(event)));

  const roots: TraceNode<Event>[] = [];
  for (const [event, node] of nodes) {
    const cause = cuts.has(event) ? undefined : causeOf(event);
    const siblings = cause === undefined ? roots : nodes.get(cause)!.children;
    siblings.push(node);
  }
  return roots;
}

function grow<Event extends TracedEvent>(
  event: Event,
  isCut: boolean,
  cause: Event | undefined,
  ends: readonly TracedEnd[],
): Growing<Event> {
  if (isCut) return { event, children: [], orphan: 'cycle', ends };
  if (cause !== undefined) return { event, children: [], delayMs: event.time - cause.time, ends };
  if (event.headers.causationId === undefined) return { event, children: [], ends };
  return { event, children: [], orphan: 'unrecorded', ends };
}

/** The earliest event of each cycle. As an event has one cause at most, cycles do not overlap. */
function cycleStarts<Event>(
  sorted: readonly Event[],
  causeOf: (event: Event) => Event | undefined,
): ReadonlySet<Event> {
  const starts = new Set<Event>();
  const ranks = new Map(sorted.map((event, rank) => [event, rank]));
  /** From which event each was reached first, going from effect to cause. */
  const reachedFrom = new Map<Event, Event>();
  for (const origin of sorted) {
    let event: Event | undefined = origin;
    while (event !== undefined && !reachedFrom.has(event)) {
      reachedFrom.set(event, origin);
      event = causeOf(event);
    }
    // This way has come back to itself, and not to one that was gone before.
    if (event !== undefined && reachedFrom.get(event) === origin) starts.add(earliestOf(event, causeOf, ranks));
  }
  return starts;
}

function earliestOf<Event>(
  member: Event,
  causeOf: (event: Event) => Event | undefined,
  ranks: ReadonlyMap<Event, number>,
): Event {
  let earliest = member;
  for (let event = causeOf(member)!; event !== member; event = causeOf(event)!) {
    if (ranks.get(event)! < ranks.get(earliest)!) earliest = event;
  }
  return earliest;
}
