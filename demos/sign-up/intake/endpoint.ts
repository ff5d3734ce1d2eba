import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LocalServer, serveLocally } from '../../shared/local-server.ts';
import { type Answer, statusOf } from './answer.ts';

/** In bytes. No sign-up is longer. */
const MAX_BODY = 16_384;

/** Answers to the body of a request. */
export interface Intake {
  take(body: string): Answer | Promise<Answer>;
}

/**
 * `POST /sign-ups`: every request gets an answer, and every answer says what was expected.
 *
 * @param port - one that it has had before; without it, a free one
 */
export function serveSignUps(intake: Intake, port?: number): Promise<LocalServer> {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/sign-ups') {
      send(response, 404, { error: `Expected POST /sign-ups, got ${request.method} ${request.url}.` });
      return;
    }
    const body = await readBody(request);
    const reply: Answer = body === undefined ? tooLarge : await intake.take(body);
    if (reply.code === 'busy') response.setHeader('retry-after', '1');
    send(response, statusOf[reply.code], reply);
  }

  function listen(request: IncomingMessage, response: ServerResponse): void {
    // Whoever hangs up before the end needs no answer.
    answer(request, response).catch(() => response.destroy());
  }

  return serveLocally('/sign-ups', listen, port);
}

const tooLarge: Answer = { code: 'too large', error: `Expected a body of at most ${MAX_BODY} bytes.` };

/** @returns `undefined` if it is too large */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // What is too much is read to its end, so that the sender reads the answer, but not kept.
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
