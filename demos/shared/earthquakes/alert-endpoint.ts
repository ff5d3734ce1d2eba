import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawFate } from '../fate.ts';
import { type LocalServer, serveLocally } from '../local-server.ts';
import { createRandom } from '../random.ts';

/** What can become of a request, and how often it does. */
const troubles = {
  /** 503, with Retry-After. */
  busy: 0.08,
  /** The connection is reset before anything happened. */
  reset: 0.04,
  /** The alert is taken, but the connection is reset before the answer. */
  'answer lost': 0.03,
  /** There is never an answer. */
  hang: 0.03,
};

/** A service that takes alerts, and behaves as such services do. */
export interface AlertEndpoint extends LocalServer {
  readonly requests: number;
  /** The keys of all alerts that it has taken; one that comes twice is taken once. */
  readonly taken: ReadonlySet<string>;
  /** From now on it answers 500 to everything. */
  break(): void;
  heal(): void;
}

export async function startAlertEndpoint({ seed }: { readonly seed: number }): Promise<AlertEndpoint> {
  const taken = new Set<string>();
  const attempts = new Map<string, number>();
  const state = { requests: 0, taken, isBroken: false };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers['idempotency-key']);
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    state.requests++;
    request.resume();
    // From the alert, not from the order of requests: the same seed has the same troubles, however the machine is busy.
    const random = createRandom(`${seed}/${key}/${attempt}`);
    const fate = state.isBroken ? 'broken' : drawFate(troubles, random());
    await sleep(20 + 130 * random() ** 2);
    if (fate === 'taken' || fate === 'answer lost') taken.add(key);
    if (fate === 'taken') response.writeHead(202).end();
    if (fate === 'busy') response.writeHead(503, { 'retry-after': '1' }).end();
    if (fate === 'broken') response.writeHead(500).end();
    if (fate === 'reset' || fate === 'answer lost') request.socket.resetAndDestroy();
  }

  const server = await serveLocally('/alerts', (request, response) => void answer(request, response));
  return Object.assign(state, server, {
    break: () => void (state.isBroken = true),
    heal: () => void (state.isBroken = false),
  });
}
