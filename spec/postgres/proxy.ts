import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** What is done with the next thing that a client says. */
type Cut = 'after the answer' | 'before the request';

/** Stands between clients and a server, and can cut them off at a chosen moment. */
export class CuttingProxy implements AsyncDisposable {
  readonly connectionString: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next: { readonly cut: Cut; readonly said: string } | undefined;

  static async open(target: string): Promise<CuttingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttingProxy(server, new URL(target));
  }

  private constructor(server: Server, target: URL) {
    this.#server = server;
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    this.connectionString = Object.assign(new URL(target), { port }).href;
    server.on('connection', (client) => this.#forward(client, connect(Number(target.port), target.hostname)));
  }

  /** Cuts the connection on which this is said next: when the server has answered, or before it has heard. */
  cutNext(said: string, cut: Cut): void {
    this.#next = { cut, said };
  }

  /** Cuts all connections, and takes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket, server: Socket): void {
    let isDoomed = false;
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', cut);
    }
    client.on('data', (request) => {
      const next = this.#next;
      if (next !== undefined && request.includes(next.said)) {
        this.#next = undefined;
        if (next.cut === 'before the request') return cut();
        isDoomed = true;
      }
      server.write(request);
    });
    server.on('data', (answer) => (isDoomed ? cut() : client.write(answer)));
  }
}
