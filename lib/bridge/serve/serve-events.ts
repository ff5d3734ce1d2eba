import { expectOptions } from '../../core/options.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { type BridgedBus, expectBus } from '../crossing/bridged-bus.ts';
import type { EventsEndpoint } from './events-endpoint.ts';
import { EventsServer } from './events-server.ts';
import type { ServeEventsOptions } from './serve-events-options.ts';

/**
 * Serves the events of a bus, or of a store, over HTTP, and takes those of clients: a handler of the web platform, for Node, Deno, Bun and workers.
 *
 * GET answers with Server-Sent Events, each a CloudEvent in JSON with an `id` to go on from; POST takes one CloudEvent in JSON, or a batch of them, and answers with what became of each. Whatever a client
 * misses, it is told: an event `gap` says that there is one.
 *
 * After the HTML Standard, Server-sent events (whatwg.org), and CloudEvents 1.0.2, JSON Event Format (cloudevents.io).
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { serveEvents } from 'millrace/bridge';
 *
 * const PriceChanged = defineEvent('price.changed', payload<{ symbol: string; price: number }>());
 * const bus = createEventBus();
 * using events = serveEvents(bus, {
 *   send: [PriceChanged],
 *   authorize: (request) => request.headers.get('authorization') === 'Bearer secret' || 'unauthenticated',
 * });
 * const request = new Request('https://desk.example/events', { headers: { authorization: 'Bearer secret' } });
 * const response = await events.fetch(request);
 * console.log(response.status, response.headers.get('content-type')); // 200 text/event-stream
 * ```
 */
export function serveEvents<Known extends EventDefinition = EventDefinition>(
  bus: BridgedBus<Known>,
  options: ServeEventsOptions<Known>,
): EventsEndpoint {
  return new EventsServer(expectBus(bus), expectOptions('options', options) ?? {});
}
