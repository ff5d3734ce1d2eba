import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { EventBus, EventDefinition } from 'millrace';
import type { EventsEndpoint } from 'millrace/bridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipe } from '../recipes/recipe.ts';
import { type BlockFolder, openBlockFolder } from '../support/block-folder.ts';
import { cloudEventOf } from './support/requests.ts';
import { listen } from './support/listen.ts';
import { SseReader } from './support/sse.ts';

const run = promisify(execFile);

/** What the block of the README exports. */
interface Served {
  readonly PriceChanged: EventDefinition<'price.changed', { symbol: string; price: number }>;
  readonly bus: EventBus;
  readonly events: EventsEndpoint;
  readonly hono: { fetch(request: Request): Promise<Response> };
  readonly inExpress: Parameters<typeof createServer>[1];
  readonly node: Server;
}

describe('the README', () => {
  let folder: BlockFolder;

  beforeAll(async () => {
    folder = await openBlockFolder();
  });

  afterAll(async () => folder[Symbol.asyncDispose]());

  it.each([
    { heading: '### Events from a server', lines: ['TEA at 4', 'bought 2 of TEA'] },
    { heading: '### Between tabs, windows and workers', lines: ['now Gate'] },
  ])('says what is printed: $heading', { timeout: 20_000 }, async ({ heading, lines }) => {
    const file = await folder.build(await recipe(heading));
    const { stdout } = await run(process.execPath, [file], { cwd: folder.path, timeout: 10_000 });
    expect(stdout.trim().split('\n')).toStrictEqual(lines);
  });

  describe('serves events', () => {
    let served: Served;

    beforeAll(async () => {
      const file = await folder.build(await recipe('### Behind Node, Express and Hono'));
      served = (await import(pathToFileURL(file).href)) as Served;
    });

    async function expectService(ask: (init?: RequestInit) => Promise<Response>): Promise<void> {
      const { bus, events, PriceChanged } = served;
      const leaving = new AbortController();
      using reader = new SseReader(await ask({ signal: leaving.signal }));
      expect(await reader.next()).toMatchObject({ event: 'hello' });
      bus.emit(PriceChanged, { symbol: 'TEA', price: 4 });
      expect(await reader.next()).toMatchObject({ data: { data: { symbol: 'TEA', price: 4 } } });

      const headers = { 'content-type': 'application/cloudevents+json' };
      const event = cloudEventOf('price.changed', { symbol: 'CUP', price: 8 }, crypto.randomUUID());
      const told = await ask({ method: 'POST', headers, body: JSON.stringify(event) });
      expect([told.status, await told.json()]).toStrictEqual([
        200,
        { events: [{ id: event['id'], outcome: 'taken' }] },
      ]);
      expect(await reader.next()).toMatchObject({ data: { data: { symbol: 'CUP' } } });

      const tooMuch = await ask({ method: 'POST', headers, body: ' '.repeat(2 ** 21) });
      expect(tooMuch.status).toBe(413);
      await tooMuch.body?.cancel();

      expect(events.stats().clients).toBe(1);
      leaving.abort();
      await expect.poll(() => events.stats().clients).toBe(0);
    }

    it('by Node alone', async () => {
      await using server = await listen(served.node);
      await expectService(async (init) => fetch(server.url, init));
    });

    it('in an app of Express', async () => {
      await using server = await listen(createServer(served.inExpress));
      await expectService(async (init) => fetch(server.url, init));
      expect((await fetch(server.url.replace('/events', '/other'))).status).toBe(404);
    });

    it('in an app of Hono', async () => {
      await expectService(async (init) => served.hono.fetch(new Request('http://shop.example/events', init)));
    });
  });
});
