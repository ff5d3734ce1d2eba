import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of connections: they get through; they are half-open, and whatever is said on them is swallowed; they are reset as soon as they are made. */
type Passage = 'half-open' | 'open' | 'shut';

/** A network between clients and a server, on a free port of loopback, that can fail. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #targetPort: number | undefined;
  #passage: Passage = 'open';
  #dialled = 0;

  /** @param targetPort - where the server is; it may be said later by `aim`, as a server may want to know the proxy's port first */
  static async open(targetPort?: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, targetPort);
  }

  private constructor(server: Server, targetPort: number | undefined) {
    this.#server = server;
    this.#targetPort = targetPort;
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('Expected the proxy to listen on a port.');
    this.port = address.port;
    server.on('connection', (client) => this.#accept(client));
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many there have ever been. */
  get dialled(): number {
    return this.#dialled;
  }

  /** Says where the server is. */
  aim(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** The same address with the proxy's port. */
  through(url: string): string {
    return url.replace(/127\.0\.0\.1:\d+/u, `127.0.0.1:${this.port}`);
  }

  /** Resets all connections, once; new ones get through. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** Ends each connection within the next thing that its server says: half of that gets through. */
  cutWithin(): void {
    for (const link of this.#links) link.endWithin();
  }

  /** Resets all connections, and those that are tried until `restore`. */
  shut(): void {
    this.#passage = 'shut';
    this.cut();
  }

  /** No side hears anything of the other any more, not even that it is gone; new connections are taken until `restore`, and hear nothing either. */
  halfOpen(): void {
    this.#passage = 'half-open';
    for (const link of this.#links) link.swallow();
  }

  /** New connections get through; those that are half-open stay so. */
  restore(): void {
    this.#passage = 'open';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#passage === 'shut' || this.#targetPort === undefined) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const link = new Link(client, connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true }), () =>
      this.#links.delete(link),
    );
    this.#links.add(link);
    this.#dialled++;
    if (this.#passage === 'half-open') link.swallow();
  }
}

/** A client's connection and the one that goes on with it to the server. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  #isSwallowing = false;
  #isEnding = false;

  constructor(client: Socket, server: Socket, onGone: () => void) {
    this.#client = client;
    this.#server = server;
    for (const socket of [client, server]) socket.setNoDelay(true);
    this.#forward(client, server, onGone);
    this.#forward(server, client, onGone);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  endWithin(): void {
    this.#isEnding = true;
  }

  swallow(): void {
    this.#isSwallowing = true;
    // What waits for the other side to read is never read by it.
    this.#client.resume();
    this.#server.resume();
  }

  #forward(from: Socket, to: Socket, onGone: () => void): void {
    from.on('data', (bytes) => {
      if (this.#isEnding && from === this.#server) {
        to.end(bytes.subarray(0, Math.ceil(bytes.length / 2)));
        from.destroy();
      } else if (!this.#isSwallowing && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      if (!this.#isSwallowing) to.end();
    });
    // 'close' follows.
    from.on('error', () => undefined);
    from.on('close', () => {
      // What has been said before gets through.
      if (!this.#isSwallowing) to.destroySoon();
      if (from.destroyed && to.destroyed) onGone();
    });
  }
}
