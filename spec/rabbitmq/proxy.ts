import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between clients and a server, and can cut them off, or fall silent. */
export class Proxy implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  static async open(target: string): Promise<Proxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, new URL(target));
  }

  private constructor(server: Server, target: URL) {
    this.#server = server;
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    this.url = Object.assign(new URL(target), { port }).href;
    server.on('connection', (client) => this.#forward(client, connect(Number(target.port), target.hostname)));
  }

  /** Ends all connections; new ones are taken. */
  cut(): void {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  /** Leaves all connections open, and forwards nothing on them any more; on new ones, it does. */
  fallSilent(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server);
      server.unpipe(client);
      for (const socket of [client, server]) socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
  }

  #forward(client: Socket, server: Socket): void {
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.pipe(client);
  }
}
