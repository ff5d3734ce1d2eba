import { once } from 'node:events';
import type { Server } from 'node:http';

/** A server on a free port of loopback. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function listen(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `http://127.0.0.1:${port}/events`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
