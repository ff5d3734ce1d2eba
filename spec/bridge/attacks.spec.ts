import { once } from 'node:events';
import { Agent, type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttackedServer } from './support/attacked-server.ts';
import { cloudEventOf } from './support/requests.ts';
import { SseReader } from './support/sse.ts';

const MEBIBYTE = 2 ** 20;
/** Five seconds of 10,000 a second. */
const FLOOD = 50_000;
const ada = { authorization: 'Bearer ada' };
const json = { 'content-type': 'application/cloudevents+json' };

// A real server of Node's, in a process of its own, and real sockets.
describe('an attacker', () => {
  let server: AttackedServer;

  beforeAll(async () => {
    server = await AttackedServer.start();
  }, 60_000);

  afterAll(async () => server?.[Symbol.asyncDispose]());

  async function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(server.url, { method: 'POST', body, headers: { ...json, ...ada, ...headers } });
  }

  const note = (data: unknown, id: string = crypto.randomUUID()): string =>
    JSON.stringify(cloudEventOf('note', data, id));

  it('without authorisation neither hears nor says anything', async () => {
    const before = await server.ask();
    for (const [authorization, status] of [
      [undefined, 401],
      ['Bearer eve', 403],
    ] as const) {
      const headers = authorization === undefined ? {} : { authorization };
      const hearing = await fetch(server.url, { headers });
      const saying = await fetch(server.url, {
        method: 'POST',
        body: note({ text: 'let me in' }),
        headers: { ...json, ...headers },
      });
      expect([hearing.status, saying.status]).toStrictEqual([status, status]);
      expect(hearing.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
      expect(hearing.headers.get('content-type')).toBe('application/problem+json');
    }
    const { notes, clients } = await server.ask();
    expect([notes, clients]).toStrictEqual([before.notes, 0]);
  });

  it('on a foreign page may change nothing, though the browser has the credentials', async () => {
    const before = await server.ask();
    for (const origin of ['https://evil.example', 'https://desk.example.evil.example', 'http://desk.example', 'null']) {
      const answer = await post(note({ text: 'forged' }), { origin });
      expect(answer.status).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      const preflight = await fetch(server.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    }
    // What a form of a page can send without asking first.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      expect((await post(note({ text: 'forged' }), { 'content-type': type })).status).toBe(415);
    }
    expect((await server.ask()).notes).toStrictEqual(before.notes);
    expect((await post(note({ text: 'ours' }), { origin: 'https://desk.example' })).status).toBe(200);
  });

  it('gets no script and no line of the stream into anything but data', async () => {
    const text = '</script><script>alert(1)</script>\n\nid: 7\nevent: gap\ndata: {"forged":true}\r\n\r\u2028: x';
    const response = await fetch(server.url, { headers: ada });
    using reader = new SseReader(response);
    await reader.next();
    const id = 'a\nid: 9\n\ndata: {"forged":true}\n\n';
    expect((await post(note({ text }, id))).status).toBe(200);
    expect((await post(note({ text: 'next' }, 'next'))).status).toBe(200);
    const [first, second] = await reader.take(2);
    expect(first).toMatchObject({ event: 'message', data: { id, data: { text } } });
    expect(first!.id).not.toBe('9');
    expect(second).toMatchObject({ data: { id: 'next' } });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  });

  it.each(['said', 'chunked', 'slow'] as const)(
    'with a body of 100 MB, its length %s, is answered before it is sent, and not read',
    { timeout: 30_000 },
    async (kind) => {
      const before = await server.ask();
      const length = kind === 'said' ? { 'content-length': 100 * MEBIBYTE } : {};
      const outgoing = request(server.url, { method: 'POST', headers: { ...json, ...ada, ...length } });
      const answered = answerTo(outgoing);
      const sent = await sendUntilAnswered(outgoing, answered, kind === 'slow' ? 10 : 100 * MEBIBYTE);
      const status = kind === 'slow' ? 408 : 413;
      // The connection may be closed under the hands of one who goes on sending.
      expect([status, 'EPIPE', 'ECONNRESET']).toContain(await answered);
      expect(sent).toBeLessThan(20 * MEBIBYTE);
      outgoing.destroy();
      const after = await server.ask();
      expect(after.refused[status]).toBe((before.refused[status] ?? 0) + 1);
      expect(after.rss - before.rss).toBeLessThan(40 * MEBIBYTE);
      expect(after.notes).toStrictEqual(before.notes);
    },
  );

  it('cannot have an event that is on no list, or bring one', async () => {
    using reader = new SseReader(await fetch(server.url, { headers: ada }));
    await reader.next();
    await server.ask({ secret: 'the plan' });
    const { secrets, received } = await server.ask();
    const answer = await post(JSON.stringify(cloudEventOf('secret', 'forged')));
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ events: [{ outcome: 'not-allowed' }] });
    // As are those that it may only hear.
    expect((await post(JSON.stringify(cloudEventOf('reading', { number: 1, text: '' })))).status).toBe(403);
    const after = await server.ask();
    expect(after.secrets).toBe(secrets);
    expect(after.received['not-allowed']).toBe(received['not-allowed'] + 2);
    await post(note({ text: 'after the secret' }, 'after'));
    expect(await reader.next()).toMatchObject({ data: { id: 'after' } });
  });

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"text":"x","__proto__":{"admin":true}}',
    '{"text":"x","constructor":{"prototype":{"admin":true}}}',
    '{"text":"x","deep":[{"__proto__":{"admin":true}}]}',
    String.raw`{"text":"x","\u005f_proto__":{"admin":true}}`,
  ])('pollutes no prototype by %s', async (data) => {
    const before = await server.ask();
    const event = `{"specversion":"1.0","id":"p","type":"note","source":"x","data":${data}}`;
    expect((await post(event)).status).toBe(400);
    const after = await server.ask();
    expect(after.isPolluted).toBe(false);
    expect(after.notes).toStrictEqual(before.notes);
  });

  it.each([
    ['a number', '7'],
    ['another server’s', 'abc.99'],
    ['a path', '../../etc/passwd'],
    ['of a far future', `${'9'.repeat(20)}.1`],
    ['of 8,000 letters', 'x'.repeat(8_000)],
    ['a line of the stream', '%0d%0adata: x'],
  ])('with a forged Last-Event-ID is told of a gap, and hears what comes: %s', async (title, id) => {
    using reader = new SseReader(await fetch(server.url, { headers: { ...ada, 'last-event-id': id } }));
    const [hello, gap] = await reader.take(2);
    expect([hello!.event, gap!.event]).toStrictEqual(['hello', 'gap']);
    await post(note({ text: title }));
    let heard: unknown;
    // First, what is kept.
    while (heard !== title) heard = ((await reader.next())!.data as { data: { text: string } }).data.text;
  });

  it('with a thousand connections keeps out others, and nobody when they are gone', { timeout: 60_000 }, async () => {
    const before = await server.ask();
    const agent = new Agent({ maxSockets: Infinity });
    const open = async (): Promise<IncomingMessage> => {
      const asking = get(server.url, { headers: ada, agent });
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      response.on('error', () => undefined);
      return response;
    };
    const streams: IncomingMessage[] = [];
    while (streams.length < 1_000) streams.push(...(await Promise.all(Array.from({ length: 100 }, open))));
    expect(streams.map(({ statusCode }) => statusCode)).toStrictEqual(Array.from({ length: 1_000 }, () => 200));
    const late = await open();
    expect([late.statusCode, late.headers['retry-after']]).toStrictEqual([503, '5']);
    const full = await server.ask();
    expect(full.clients).toBe(1_000);
    expect((full.rss - before.rss) / 1_000).toBeLessThan(MEBIBYTE / 4);
    for (const stream of [...streams, late]) stream.destroy();
    while ((await server.ask()).clients > 0) await wait(20);
    const again = await open();
    expect(again.statusCode).toBe(200);
    again.destroy();
  });
});

describe('a client that stalls', () => {
  it('does not grow the server, and is told what it has missed; others miss nothing', { timeout: 60_000 }, async () => {
    await using server = await AttackedServer.start();
    const stalled = connect(server.port, '127.0.0.1');
    stalled.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nauthorization: Bearer ada\r\n\r\n`);
    await once(stalled, 'readable');
    using reader = new SseReader(await fetch(server.url, { headers: ada }));
    await reader.next();
    let read = 0;
    const reading = (async () => {
      for (let message = await reader.next(); message !== undefined; message = await reader.next()) {
        const { data } = message.data as { data: { number: number } };
        read++;
        expect([message.event, data.number]).toStrictEqual(['message', read]);
        if (read === FLOOD) return;
      }
    })();
    // What the sockets between take, and what is compiled, is there then.
    const warm = await server.ask({ flood: FLOOD / 5 });
    expect(warm.clients).toBe(2);
    await server.ask({ flood: (4 * FLOOD) / 5 });
    await reading;
    const after = await server.ask();
    // Kept for the stalled one, they would be 20 MiB and more. Their ids are kept, up to 50,000 of them.
    expect(after.heap - warm.heap).toBeLessThan(12 * MEBIBYTE);
    expect(after.rss - warm.rss).toBeLessThan(100 * MEBIBYTE);
    expect(after.clients).toBe(2);
    expect(await gapOf(stalled)).toBeGreaterThan(0);
    const [heap, rss] = (['heap', 'rss'] as const).map((of) => ((after[of] - warm[of]) / MEBIBYTE).toFixed(1));
    console.log(`${FLOOD} events, one of two clients stalled: after a fifth, heap ${heap} and RSS ${rss} MiB more`);
  });
});

/** The status of the answer, or the code of the error. */
async function answerTo(outgoing: ClientRequest): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    outgoing.on('response', ({ statusCode }) => resolve(statusCode));
    outgoing.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
}

/** Sends a body until it is answered, or all is sent. @returns how many bytes were taken from us */
async function sendUntilAnswered(outgoing: ClientRequest, answered: Promise<unknown>, size: number): Promise<number> {
  const ending = new AbortController();
  const answer = answered.then(() => ending.abort());
  const chunk = Buffer.alloc(Math.min(size, 65_536), ' ');
  let sent = 0;
  while (!ending.signal.aborted && sent < size) {
    const hasRoom = outgoing.write(chunk);
    sent += chunk.length;
    if (!hasRoom) await Promise.race([new Promise((resolve) => outgoing.once('drain', resolve)), answer]);
  }
  return sent;
}

/** Reads on until it is told of a gap. @returns how many events it has missed at most */
async function gapOf(socket: Socket): Promise<number> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    text += chunk;
    const [, lost] = /event: ?gap\n(?:id:.*\n)?data: ?.*"lost":(\d+)/.exec(text) ?? [];
    if (lost !== undefined) return Number(lost);
  }
  throw new Error('Expected to be told of a gap, got the end of the stream.');
}
