import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { type LocalServer, serveLocally } from '../../shared/local-server.ts';

/** So many messages a second are taken; then the chat is busy for the rest of it. */
const MESSAGES_PER_WINDOW = 6;
const WINDOW_MS = 1_000;

const message = z.object({ text: z.string() });

/** A chat with a webhook in the style of Slack: it takes `{ text }`, and answers 429 with Retry-After when it is told too much. */
export interface Chat extends LocalServer {
  /** Requests that were whole. */
  readonly requests: number;
  /** Requests answered with 429. */
  readonly refused: number;
  /** Requests with a message that was shown already. */
  readonly repeated: number;
  /** The keys of all messages, in the order in which they came; one that comes twice is shown once. */
  readonly shown: ReadonlySet<string>;
}

export async function openChat(say: (line: string) => void): Promise<Chat> {
  const shown = new Set<string>();
  const state = { requests: 0, refused: 0, repeated: 0, shown };
  let window = { since: -Infinity, taken: 0 };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers['idempotency-key']);
    const { data } = message.safeParse(await json(request).catch(() => undefined));
    if (data === undefined) return void response.writeHead(400).end();
    state.requests++;

    const now = performance.now();
    if (now - window.since >= WINDOW_MS) window = { since: now, taken: 0 };
    if (window.taken === MESSAGES_PER_WINDOW) {
      state.refused++;
      const seconds = Math.ceil((window.since + WINDOW_MS - now) / 1_000);
      say(`#${key} chat is busy: HTTP 429, Retry-After: ${seconds}`);
      return void response.writeHead(429, { 'retry-after': String(seconds) }).end();
    }
    window.taken++;
    if (shown.has(key)) state.repeated++;
    else say(`#${key} in the chat: ${data.text}`);
    shown.add(key);
    response.writeHead(200).end('ok');
  }

  const server = await serveLocally('/services/hook', (request, response) => void answer(request, response));
  return Object.assign(state, server);
}
