// What pages do, their workers and their frames: one module for all of them, bundled for the browser, where the specs call it.
import { createEventBus, defineEvent, type EventBus, payload } from 'millrace';
import { connectEvents, connectPort, type EventsConnection, type PortBridge } from 'millrace/bridge';

const Ping = defineEvent('ping', payload<number>());
const Pong = defineEvent('pong', payload<number>());

/** One side, with a bus of its own. */
class Place {
  readonly bus: EventBus<typeof Ping | typeof Pong> = createEventBus({ events: [Ping, Pong] });
  readonly pongs: number[] = [];
  readonly bridges: PortBridge[] = [];
  server: EventsConnection | undefined;

  constructor() {
    this.bus.events(Pong).subscribe(({ data }) => this.pongs.push(data));
  }

  /** Answers each ping. */
  answer(): void {
    this.bus.on(Ping, ({ data }) => this.bus.emit(Pong, data), { name: 'answer', capacity: 10_000 });
  }

  ping(count: number): void {
    for (let number = 1; number <= count; number++) this.bus.emit(Ping, number);
  }

  startWorker(): void {
    const worker = new Worker('/page.js', { type: 'module' });
    this.bridges.push(connectPort(this.bus, worker, { send: [Ping], receive: [Pong] }));
  }

  /** @param targetOrigin - what the frame is taken to show */
  openFrame(url: string, targetOrigin: string): void {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const bridge = connectPort(this.bus, frame.contentWindow!, { targetOrigin, send: [Ping], receive: [Pong] });
    this.bridges.push(bridge);
    frame.src = url;
  }

  join(channel: string): void {
    const options = { send: [Ping, Pong], receive: [Ping, Pong] };
    this.bridges.push(connectPort(this.bus, new BroadcastChannel(channel), options));
  }

  connect(url: string): void {
    this.server = connectEvents(this.bus, url, {
      send: [Ping],
      receive: [Pong],
      retry: { delayMs: 20, maxDelayMs: 50 },
    });
    this.server.errors.subscribe();
  }
}

const place = new Place();
Object.assign(globalThis, { place });

if (typeof document === 'undefined') {
  place.answer();
  connectPort(place.bus, globalThis as unknown as Worker, { receive: [Ping], send: [Pong] });
} else if (parent !== globalThis.window) {
  place.answer();
  const targetOrigin = new URLSearchParams(location.search).get('parent')!;
  connectPort(place.bus, parent, { targetOrigin, receive: [Ping], send: [Pong] });
  // And as somebody would who does not keep to the rules.
  const event = JSON.stringify({ specversion: '1.0', id: 'forged', type: 'pong', source: 'x', data: -1 });
  const frame = { millrace: 'bridge', version: 1, from: 'x', kind: 'events', first: 1, events: [event], lost: 0 };
  if (location.search.includes('forge')) parent.postMessage(frame, '*');
}

declare global {
  // What the specs call.
  var place: Place;
}
