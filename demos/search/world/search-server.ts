import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalServer, serveLocally } from '../../shared/local-server.ts';
import { createRandom } from '../../shared/random.ts';
import type { Quakes } from './quakes.ts';

/** What became of a request. */
export type Fate = 'answered' | 'cancelled' | 'searching';

export interface SearchServerOptions {
  readonly quakes: Quakes;
  readonly speed: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** A slow search over HTTP, which stops searching when nobody waits for the answer any more. */
export interface SearchServer extends LocalServer {
  /** Every request that has arrived, by the id of the search. None is `searching` when the server has been disposed of. */
  readonly fates: ReadonlyMap<string, Fate>;
}

export async function startSearchServer({ quakes, speed, seed, say }: SearchServerOptions): Promise<SearchServer> {
  const fates = new Map<string, Fate>();
  const answers: Promise<void>[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url!, 'http://localhost');
    const [id, text] = [searchParams.get('id') ?? '', searchParams.get('text') ?? ''];
    fates.set(id, 'searching');
    // From the search, not from the order of requests: the same seed is as slow, however the machine is busy.
    const takesMs = (50 + 350 * createRandom(`${seed}/${id}/${text}`)()) / speed;
    const startedAt = performance.now();
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    try {
      await sleep(takesMs, undefined, { signal: hungUp.signal });
    } catch {
      fates.set(id, 'cancelled');
      const afterMs = performance.now() - startedAt;
      say(`${id} cancelled after ${afterMs.toFixed()} of ${takesMs.toFixed()} ms`);
      return;
    }
    fates.set(id, 'answered');
    say(`${id} answered after ${takesMs.toFixed()} ms`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(quakes.find(text)));
  }

  const server = await serveLocally('/search', (request, response) => void answers.push(answer(request, response)));
  return {
    url: server.url,
    fates,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Promise.all(answers);
    },
  };
}
