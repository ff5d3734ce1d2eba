import type { Attributes } from '@opentelemetry/api';
import type { BusStats } from '../bus/bus-stats.ts';
import type { BrokeredBusStats } from '../broker/brokered/brokered-bus.ts';
import type { ChannelStats } from '../channel/channel.ts';
import type { HandlerPart, Part } from '../process/probe.ts';
import type { ProcessorStats } from '../process/stats.ts';
import type { ProjectionState, ProjectionStats } from '../sourcing/projection.ts';
import type { ObservedName } from './metric-names.ts';
import { OPERATION_NAME, SYSTEM } from './conventions.ts';
import { BROKER, BUS, CHANNEL, CIRCUIT_STATE, PROJECTION, PROJECTION_STATE, REASON } from './own-names.ts';
import { systemOf } from './span-names.ts';

/** One value that was read of a part. */
export interface Reading {
  readonly name: ObservedName;
  readonly attributes: Attributes;
  readonly value: number;
}

const PROJECTION_STATES: readonly ProjectionState[] = ['catching-up', 'closed', 'live', 'standby', 'stopped'];

/** Reads what a part tells of itself. Parts of kinds that are not known have nothing to say. */
export function readPart(part: Part, name: string): readonly Reading[] {
  // Each kind has its stats, as its own type says.
  switch (part.kind) {
    case 'bus':
      return readBus(part.stats() as BrokeredBusStats | BusStats, name, systemOf(part));
    case 'channel':
      return readChannel(part.stats() as ChannelStats, name);
    case 'projection':
      return readProjection(part.stats() as ProjectionStats, name);
    default:
      return [];
  }
}

/** Reads a handler. */
export function readHandler(part: HandlerPart, attributes: Attributes): readonly Reading[] {
  const stats = part.stats();
  const read = (name: ObservedName, value: number, more: Attributes = {}): Reading => ({
    name,
    value,
    attributes: { ...attributes, ...more },
  });
  return [
    read('messaging.client.consumed.messages', stats.accepted + stats.redriven, {
      [SYSTEM]: systemOf(part.owner),
      [OPERATION_NAME]: 'process',
    }),
    read('millrace.handler.handled', stats.handled),
    read('millrace.handler.dead_letters', stats.dead),
    ...Object.entries(stats.droppedBy).map(([reason, count]) =>
      read('millrace.handler.drops', count, { [REASON]: reason }),
    ),
    read('millrace.handler.retries', stats.retried),
    read('millrace.handler.rejections', stats.rejected),
    read('millrace.handler.late_results', stats.late),
    read('millrace.handler.running', stats.running),
    read('millrace.handler.waiting', stats.waiting),
    read('millrace.handler.between_attempts', stats.betweenAttempts),
    read('millrace.handler.suspended', stats.suspended),
    read('millrace.handler.concurrency', stats.concurrency),
    read('millrace.handler.capacity', stats.capacity),
    read('millrace.handler.longest_running', stats.longestRunningMs / 1_000),
    ...circuitOf(stats).map(([state, value]) => read('millrace.handler.circuit', value, { [CIRCUIT_STATE]: state })),
  ];
}

function circuitOf({ circuit }: ProcessorStats): readonly (readonly [string, number])[] {
  if (circuit === undefined) return [];
  return ['closed', 'half-open', 'open'].map((state) => [state, state === circuit ? 1 : 0]);
}

function readBus(stats: BrokeredBusStats | BusStats, name: string, system: string): readonly Reading[] {
  const attributes = { [BUS]: name };
  const local: readonly Reading[] = [
    {
      name: 'messaging.client.sent.messages',
      attributes: { ...attributes, [SYSTEM]: system, [OPERATION_NAME]: 'publish' },
      value: stats.emitted,
    },
    { name: 'millrace.bus.invalid', attributes, value: stats.invalid },
  ];
  if (!('broker' in stats)) return local;
  const { broker, outgoing, lost } = stats;
  const onBroker = { ...attributes, [BROKER]: broker.name };
  return [
    ...local,
    { name: 'millrace.outgoing.waiting', attributes: onBroker, value: outgoing.waiting },
    { name: 'millrace.outgoing.capacity', attributes: onBroker, value: outgoing.capacity },
    { name: 'millrace.outgoing.drops', attributes: onBroker, value: outgoing.dropped },
    { name: 'millrace.broker.connected', attributes: onBroker, value: broker.state === 'connected' ? 1 : 0 },
    { name: 'millrace.broker.reconnects', attributes: onBroker, value: broker.reconnects },
    { name: 'millrace.broker.lost_deliveries', attributes: onBroker, value: lost },
  ];
}

function readChannel({ waiting, suspended, capacity }: ChannelStats, name: string): readonly Reading[] {
  const attributes = { [CHANNEL]: name };
  return [
    { name: 'millrace.channel.waiting', attributes, value: waiting },
    { name: 'millrace.channel.suspended', attributes, value: suspended },
    { name: 'millrace.channel.capacity', attributes, value: capacity },
  ];
}

function readProjection({ lag, state }: ProjectionStats, name: string): readonly Reading[] {
  const attributes = { [PROJECTION]: name };
  return [
    { name: 'millrace.projection.lag', attributes, value: lag },
    ...PROJECTION_STATES.map((each): Reading => ({
      name: 'millrace.projection.state',
      attributes: { ...attributes, [PROJECTION_STATE]: each },
      value: each === state ? 1 : 0,
    })),
  ];
}
