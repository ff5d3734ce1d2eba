import type {
  BusSnapshot,
  ChannelSnapshot,
  ErrorSnapshot,
  HandlerSnapshot,
  InspectorSnapshot,
  PartSnapshot,
  ProjectionSnapshot,
} from '../inspector/snapshot.ts';
import type { CheckedRules, HealthRules, HealthSeverity } from './health-rules.ts';

/** Why something is not healthy. */
export interface HealthReason {
  /** Which rule is broken. */
  readonly rule: keyof HealthRules;
  /** What that means. */
  readonly severity: HealthSeverity;
  /** Whose: the `id` of the part in the snapshot; of a broker, its bus's. None if it is about all. */
  readonly part?: string;
  /** What was expected, and what is. */
  readonly message: string;
  /** What is. */
  readonly value: number | string;
  /** What was expected, or the most that is healthy. */
  readonly limit: number | string;
}

/** Every reason why the rules are broken, rule by rule. */
export function brokenRules(rules: CheckedRules, snapshot: InspectorSnapshot): readonly HealthReason[] {
  const { buses, channels, projections, processors } = snapshot;
  const handlers = [
    ...buses.flatMap((bus) => bus.handlers),
    ...channels.flatMap(({ workers }) => workers),
    ...projections.flatMap((projection) => projection.handlers),
    ...processors,
  ];
  const inProcess = buses.filter(({ broker }) => broker === undefined).flatMap((bus) => bus.handlers);
  return [
    ...handlers.flatMap((handler) => stuck(rules, handler)),
    ...[...inProcess, ...processors, ...channels].flatMap((part) => full(rules, part)),
    ...handlers.flatMap((handler) => deadLetters(rules, handler)),
    ...buses.flatMap((bus) => brokerAway(rules, bus)),
    ...projections.flatMap((projection) => lagging(rules, projection)),
    ...projections.flatMap((projection) => stopped(rules, projection)),
    ...handlers.flatMap((handler) => circuitOpen(rules, handler)),
    ...draining(rules, snapshot),
  ];
}

function stuck(
  { stuck: rule }: CheckedRules,
  { id, name, longestRunningMs }: HandlerSnapshot,
): readonly HealthReason[] {
  if (rule === undefined || longestRunningMs <= rule.afterMs) return [];
  const { severity, afterMs } = rule;
  const message = `Expected handler '${name}' to end its attempts within ${afterMs} ms, got one that has run for ${ms(longestRunningMs)}.`;
  return [{ rule: 'stuck', severity, part: id, message, value: longestRunningMs, limit: afterMs }];
}

function full({ full: rule }: CheckedRules, part: ChannelSnapshot | HandlerSnapshot): readonly HealthReason[] {
  if (rule === undefined || part.fullMs <= rule.forMs) return [];
  const { id, name, fullMs, waiting } = part;
  const message = `Expected '${name}' to have room again within ${rule.forMs} ms, got none for ${ms(fullMs)}, with ${waiting} waiting.`;
  return [{ rule: 'full', severity: rule.severity, part: id, message, value: fullMs, limit: rule.forMs }];
}

function deadLetters({ deadLetters: rule }: CheckedRules, handler: HandlerSnapshot): readonly HealthReason[] {
  const { id, name, deadLastMinute, lastError } = handler;
  if (rule === undefined || deadLastMinute <= rule.maxPerMinute) return [];
  const { severity, maxPerMinute } = rule;
  const message = `Expected at most ${maxPerMinute} dead letters of handler '${name}' within a minute, got ${deadLastMinute}${lastOf(lastError)}.`;
  return [{ rule: 'deadLetters', severity, part: id, message, value: deadLastMinute, limit: maxPerMinute }];
}

function brokerAway({ broker: rule }: CheckedRules, { id, name, broker }: BusSnapshot): readonly HealthReason[] {
  if (rule === undefined || broker === undefined || broker.state === 'connected') return [];
  // What is closed does not come back.
  if (broker.state === 'reconnecting' && broker.stateMs <= rule.forMs) return [];
  const { severity, forMs } = rule;
  const message = `Expected broker '${broker.name}' of bus '${name}' to be connected, got ${broker.state} for ${ms(broker.stateMs)}.`;
  return [{ rule: 'broker', severity, part: id, message, value: broker.stateMs, limit: forMs }];
}

function lagging({ lagging: rule }: CheckedRules, projection: ProjectionSnapshot): readonly HealthReason[] {
  const { id, name, lag, behindMs } = projection;
  if (rule === undefined || lag <= rule.maxLag || behindMs <= rule.forMs) return [];
  const { severity, maxLag, forMs } = rule;
  const message = `Expected projection '${name}' to be behind by at most ${maxLag} positions, or for at most ${forMs} ms, got ${lag} for ${ms(behindMs)}.`;
  return [{ rule: 'lagging', severity, part: id, message, value: lag, limit: maxLag }];
}

function stopped({ stopped: rule }: CheckedRules, projection: ProjectionSnapshot): readonly HealthReason[] {
  const { id, name, state, handlers } = projection;
  if (rule === undefined || state !== 'stopped') return [];
  const lastError = handlers.find((handler) => handler.lastError !== undefined)?.lastError;
  const message = `Expected projection '${name}' to run, got one that has stopped at an event that it cannot handle${lastOf(lastError)}.`;
  return [{ rule: 'stopped', severity: rule.severity, part: id, message, value: 'stopped', limit: 'live' }];
}

function circuitOpen({ circuit: rule }: CheckedRules, { id, name, circuit }: HandlerSnapshot): readonly HealthReason[] {
  if (rule === undefined || circuit !== 'open') return [];
  const message = `Expected the circuit of handler '${name}' to be closed, got an open one: nothing is attempted for now.`;
  return [{ rule: 'circuit', severity: rule.severity, part: id, message, value: 'open', limit: 'closed' }];
}

function draining({ draining: rule }: CheckedRules, snapshot: InspectorSnapshot): readonly HealthReason[] {
  if (rule === undefined) return [];
  const { severity } = rule;
  const { buses, channels, projections, processors, closed } = snapshot;
  if (closed > 0 && [...buses, ...channels, ...projections, ...processors].length === 0) {
    const message = `Expected a bus, a channel, a projection or a processor that is open, got none: all ${closed} have closed.`;
    return [{ rule: 'draining', severity, message, value: 'closed', limit: 'open' }];
  }
  return [...buses, ...processors]
    .filter(({ state }) => state === 'draining')
    .map(({ id, name }: PartSnapshot): HealthReason => {
      const message = `Expected '${name}' to be open, got one that is draining.`;
      return { rule: 'draining', severity, part: id, message, value: 'draining', limit: 'open' };
    });
}

/** Its text stays here: health is often shown to whoever asks. */
function lastOf(error: ErrorSnapshot | undefined): string {
  return error === undefined ? '' : `; the last error was of ${error.name}`;
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
