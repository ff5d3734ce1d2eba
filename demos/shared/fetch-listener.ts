import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';

/** What is between Node's http and a handler of the web platform. */
export function fetchListener(answer: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  };

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const leaving = new AbortController();
    outgoing.on('close', () => leaving.abort());
    const { method = 'GET', url = '/', headers } = incoming;
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const request = new Request(new URL(url, `http://${headers.host}`), {
      method,
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
      signal: leaving.signal,
    });
    const response = await answer(request);
    // Too much was sent: nobody listens any more.
    if (!incoming.complete) outgoing.setHeader('connection', 'close');
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    // It waits for slow clients, and cancels the body when one leaves.
    if (response.body === null) outgoing.end();
    else await pipeline(Readable.fromWeb(response.body as NodeStream), outgoing);
  }
}
