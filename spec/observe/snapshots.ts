import type { BusSnapshot, ChannelSnapshot, HandlerSnapshot, InspectorSnapshot, ProjectionSnapshot } from 'millrace';

const NOTHING = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };

/** A handler that has done nothing yet, but for what is given. */
export function handlerOf(name: string, rest: Partial<HandlerSnapshot> = {}): HandlerSnapshot {
  return {
    id: `handler ${name}`,
    name,
    since: 0,
    state: 'open',
    listensTo: [],
    accepted: 0,
    redriven: 0,
    handled: 0,
    dead: 0,
    dropped: 0,
    droppedBy: { busy: 0, 'drop-newest': 0, 'drop-oldest': 0, 'handed-back': 0, superseded: 0 },
    rejected: 0,
    retried: 0,
    late: 0,
    pending: 0,
    inFlight: 0,
    waiting: 0,
    betweenAttempts: 0,
    suspended: 0,
    concurrency: 1,
    capacity: 1_024,
    longestRunningMs: 0,
    fullMs: 0,
    deadLastMinute: 0,
    waitingMs: NOTHING,
    handlingMs: NOTHING,
    measuredOneIn: 1,
    ...rest,
  };
}

/** The same of a bus. */
export function busOf(name: string, rest: Partial<BusSnapshot> = {}): BusSnapshot {
  return {
    id: `bus ${name}`,
    name,
    since: 0,
    state: 'open',
    emitted: 0,
    invalid: 0,
    events: [],
    deadLetters: { received: 0, evicted: 0, storing: 0 },
    handlers: [],
    ...rest,
  };
}

/** The same of a channel. */
export function channelOf(name: string, rest: Partial<ChannelSnapshot> = {}): ChannelSnapshot {
  return {
    id: `channel ${name}`,
    name,
    since: 0,
    state: 'open',
    accepted: 0,
    handedOut: 0,
    waiting: 0,
    abandoned: 0,
    rejected: 0,
    suspended: 0,
    capacity: 1_024,
    fullMs: 0,
    workers: [],
    ...rest,
  };
}

/** The same of a projection that has caught up. */
export function projectionOf(name: string, rest: Partial<ProjectionSnapshot> = {}): ProjectionSnapshot {
  return {
    id: `projection ${name}`,
    name,
    since: 0,
    state: 'live',
    generation: 1,
    lag: 0,
    behindMs: 0,
    handlers: [],
    ...rest,
  };
}

/** A snapshot of these parts. */
export function snapshotOf(parts: Partial<InspectorSnapshot>): InspectorSnapshot {
  return {
    time: 0,
    buses: [],
    channels: [],
    projections: [],
    processors: [],
    closed: 0,
    totals: { accepted: 0, redriven: 0, handled: 0, dead: 0, dropped: 0, rejected: 0, retried: 0, late: 0 },
    ...parts,
  };
}
