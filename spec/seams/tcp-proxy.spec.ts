import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** What a client has heard, and how its connection ended. */
interface Ear {
  readonly socket: Socket;
  readonly heard: string[];
}

let server: Server;
let accepted: Socket[];
let proxy: TcpProxy;

beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(`echo ${bytes.toString()}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await TcpProxy.open(typeof address === 'object' ? address!.port : 0);
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const socket of accepted) socket.destroy();
  server.close();
});

async function dial(): Promise<Ear> {
  const heard: string[] = [];
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('data', (bytes) => heard.push(bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => heard.push(error.code ?? error.message));
  socket.on('close', () => heard.push('closed'));
  // Or its end, which is heard.
  await once(socket, 'connect').catch(() => undefined);
  return { socket, heard };
}

/** Until a client has heard so much, or a while has passed. */
async function hears({ heard }: Ear, count: number): Promise<string[]> {
  for (let waitedMs = 0; heard.length < count && waitedMs < 2_000; waitedMs += 5) await sleep(5);
  return heard;
}

describe('a network that can fail', () => {
  it('lets through what is said, and that somebody has hung up', async () => {
    const ear = await dial();
    ear.socket.write('a');
    expect(await hears(ear, 1)).toEqual(['echo a']);
    ear.socket.end();
    expect(await hears(ear, 2)).toEqual(['echo a', 'closed']);
    expect(proxy.connections).toBe(0);
  });

  it('carries more than a socket holds', async () => {
    const ear = await dial();
    const large = 'x'.repeat(8_000_000);
    while (accepted.length === 0) await sleep(5);
    accepted[0]!.write(large);
    while (ear.heard.join('').length < large.length) await sleep(5);
    expect(ear.heard.join('')).toBe(large);
  });

  it('resets what is connected when it is cut, and lets new connections through', async () => {
    const before = await dial();
    proxy.cut();
    expect(await hears(before, 2)).toEqual(['ECONNRESET', 'closed']);
    const after = await dial();
    after.socket.write('b');
    expect(await hears(after, 1)).toEqual(['echo b']);
    after.socket.destroy();
  });

  it('resets new connections, too, while it is shut', async () => {
    proxy.shut();
    const during = await dial();
    expect(await hears(during, 2)).toEqual(['ECONNRESET', 'closed']);
    proxy.restore();
    const after = await dial();
    after.socket.write('b');
    expect(await hears(after, 1)).toEqual(['echo b']);
    after.socket.destroy();
  });

  it('swallows all when it is half-open, also that somebody is gone, and for those connections for ever', async () => {
    const before = await dial();
    proxy.halfOpen();
    const during = await dial();
    for (const { socket } of [before, during]) socket.write('a');
    await sleep(50);
    for (const socket of accepted) socket.destroy();
    proxy.restore();
    before.socket.write('b');
    await sleep(50);
    expect([before.heard, during.heard]).toEqual([[], []]);
    const after = await dial();
    after.socket.write('c');
    expect(await hears(after, 1)).toEqual(['echo c']);
    for (const { socket } of [before, during, after]) socket.destroy();
  });
});
