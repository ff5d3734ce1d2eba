import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedFile {
  readonly type: string;
  readonly text: string;
}

/** A site on this machine. */
export interface Site extends AsyncDisposable {
  /** Of its root, with a slash in the end. */
  readonly url: string;
}

/**
 * Serves files on a free port of this machine.
 *
 * @param files - by their paths, as in `/page.js`
 * @param headers - of every answer
 */
export async function serveFiles(
  files: ReadonlyMap<string, ServedFile>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const server = createServer(({ url = '/' }, response) => {
    const { type, text } = files.get(url) ?? { type: 'text/plain', text: '' };
    const status = files.has(url) ? 200 : 404;
    const caching = { 'cache-control': 'max-age=3600' };
    response.writeHead(status, { ...caching, ...headers, 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export function script(text: string): ServedFile {
  return { type: 'text/javascript', text };
}
