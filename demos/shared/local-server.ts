import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free port of this machine. */
export interface LocalServer extends AsyncDisposable {
  readonly url: URL;
}

/** @param port - one that it has had before; without it, a free one */
export async function serveLocally(path: string, listener: RequestListener, port = 0): Promise<LocalServer> {
  const server = createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: new URL(path, `http://127.0.0.1:${address.port}`),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      // Some hang on purpose.
      server.closeAllConnections();
      await closed;
    },
  };
}
