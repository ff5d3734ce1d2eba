import type { EventDefinition } from '../../core/event-definition.ts';
import { expectOptions } from '../../core/options.ts';
import { type BridgedBus, expectBus } from '../crossing/bridged-bus.ts';
import type { ConnectEventsOptions } from './connect-events-options.ts';
import type { EventsConnection } from './events-connection.ts';
import { ServerConnection } from './server-connection.ts';

/**
 * Connects a bus to the events of a server, in a browser or in Node: what `serveEvents` sends is checked and taken into the bus, each event once; what is emitted on the bus is sent to it.
 *
 * The stream is connected again whenever it ends or falls silent, and goes on from where it was; where that is not possible, `gaps` says so. Events that the bus cannot handle so fast are not read:
 * the server is told by its connection. What is emitted waits in a bounded buffer until the server has confirmed it, and is sent again with the same id until it does.
 *
 * @param url - in a page, it may be relative
 * @throws InvalidOptionError for an address or options that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { connectEvents } from 'millrace/bridge';
 *
 * const PriceChanged = defineEvent('price.changed', payload<{ symbol: string; price: number }>());
 * const bus = createEventBus();
 * await using server = connectEvents(bus, 'http://127.0.0.1:9/events', { receive: [PriceChanged] });
 * bus.on(PriceChanged, ({ data }) => console.log(data.symbol, data.price), { name: 'show' });
 * server.states.subscribe((state) => console.log(state)); // connecting, then open
 * server.gaps.subscribe(() => console.log('some prices are missing: read them anew'));
 * ```
 */
export function connectEvents<Known extends EventDefinition = EventDefinition>(
  bus: BridgedBus<Known>,
  url: URL | string,
  options: ConnectEventsOptions<Known>,
): EventsConnection {
  return new ServerConnection(expectBus(bus), url, expectOptions('options', options) ?? {});
}
