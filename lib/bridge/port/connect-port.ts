import type { EventDefinition } from '../../core/event-definition.ts';
import { expectOptions } from '../../core/options.ts';
import { type BridgedBus, expectBus } from '../crossing/bridged-bus.ts';
import type { ConnectPortOptions, ConnectWindowOptions, PortLike, WindowLike } from './connect-port-options.ts';
import type { PortBridge } from './port-bridge.ts';
import { PortLink } from './port-link.ts';
import { portSide } from './port-side.ts';

/**
 * Connects a bus to that of a worker, another window, or all tabs of an origin: call it on both sides. What is sent waits until the other side is there, and until it has handled what it was
 * sent before; what finds no room is given up as the option says, and the other side is told. On a BroadcastChannel, what is sent goes at once to whoever listens, and to nobody else.
 *
 * @param port - a MessagePort, a Worker or `self` in one, a BroadcastChannel, a port of Node's; or a window, with its `targetOrigin`
 * @throws InvalidOptionError for what is no port, or options that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { connectPort } from 'millrace/bridge';
 *
 * const Renamed = defineEvent('item.renamed', payload<{ id: string; name: string }>());
 * const tab = createEventBus();
 * const channel = new BroadcastChannel('desk');
 * using bridge = connectPort(tab, channel, { send: [Renamed], receive: [Renamed] });
 * tab.emit(Renamed, { id: 'i1', name: 'Gate' }); // all other tabs have it, too
 * console.log(bridge.stats().state); // open
 * channel.close();
 * ```
 */
export function connectPort<Known extends EventDefinition = EventDefinition>(
  bus: BridgedBus<Known>,
  port: PortLike,
  options: ConnectPortOptions<Known>,
): PortBridge;
/** The same to another window. */
export function connectPort<Known extends EventDefinition = EventDefinition>(
  bus: BridgedBus<Known>,
  port: WindowLike,
  options: ConnectWindowOptions<Known>,
): PortBridge;
export function connectPort(
  bus: BridgedBus,
  port: PortLike | WindowLike,
  options: ConnectPortOptions | ConnectWindowOptions,
): PortBridge {
  const given = expectOptions('options', options) ?? {};
  return new PortLink(expectBus(bus), portSide(port, given), given);
}
