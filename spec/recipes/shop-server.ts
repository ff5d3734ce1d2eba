import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { createChannel, createEventBus, type EventBus } from 'millrace';
import { type EventsEndpoint, serveEvents } from 'millrace/bridge';
import { firstValueFrom, from, timeout } from 'rxjs';
import { fetchListener } from '../../demos/shared/fetch-listener.ts';
import { listen } from '../bridge/support/listen.ts';
import { StockCounted } from './apps/shop.ts';

/** An order that waits for its answer. */
export interface PendingOrder {
  readonly key: string | null;
  readonly body: unknown;
  answer(status: number): void;
}

/** The server of the apps: their files, their orders, and its events. */
export interface ShopServer extends AsyncDisposable {
  readonly url: string;
  readonly bus: EventBus;
  readonly events: EventsEndpoint;
  /** The next order that comes: the spec says how it ends. */
  nextOrder(): Promise<PendingOrder>;
}

/** @param folder - what Vite has built */
export async function openShopServer(folder: string): Promise<ShopServer> {
  const bus = createEventBus();
  const events = serveEvents(bus, { send: [StockCounted] });
  const orders = createChannel<PendingOrder>({ capacity: 16 });
  const arriving = orders[Symbol.asyncIterator]();
  const server = await listen(
    createServer(
      fetchListener(async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === '/events') return events.fetch(request);
        if (pathname === '/orders') return takeOrder(request);
        return file(join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname));
      }),
    ),
  );
  return {
    url: new URL('/', server.url).href,
    bus,
    events,
    async nextOrder() {
      const { value, done } = await firstValueFrom(from(arriving.next()).pipe(timeout(10_000)));
      if (done === true) throw new Error('Expected an order, got the end of the server.');
      return value;
    },
    async [Symbol.asyncDispose]() {
      orders.close();
      events[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };

  async function takeOrder(request: Request): Promise<Response> {
    const body: unknown = await request.json();
    return new Promise((resolve) => {
      const answer = (status: number): void => resolve(new Response(null, { status }));
      orders.trySend({ key: request.headers.get('idempotency-key'), body, answer });
    });
  }
}

const TYPES: Readonly<Record<string, string>> = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' };

async function file(path: string): Promise<Response> {
  const headers = { 'content-type': `${TYPES[extname(path)]}; charset=utf-8` };
  return readFile(path).then(
    (bytes) => new Response(new Uint8Array(bytes), { headers }),
    () => new Response(null, { status: 404 }),
  );
}
