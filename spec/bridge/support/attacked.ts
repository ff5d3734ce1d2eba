// A server in a process of its own, whose memory can be looked at. It is asked over IPC; `attacked-server.ts` asks.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createEventBus, defineEvent, payload } from 'millrace';
import { serveEvents } from 'millrace/bridge';
import { z } from 'zod';
import { fetchListener } from '../../../demos/shared/fetch-listener.ts';
import type { Asked, Told } from './attacked-server.ts';

const Reading = defineEvent('reading', payload<{ number: number; text: string }>());
const Note = defineEvent('note', z.object({ text: z.string() }));
const Secret = defineEvent('secret', payload<string>());

const bus = createEventBus();
const notes: unknown[] = [];
const secrets: unknown[] = [];
let emitted = 0;
bus.on(Note, ({ id, data }) => void notes.push({ id, ...data }), { name: 'notes' });
bus.on(Secret, ({ data }) => void secrets.push(data), { name: 'secrets' });
bus.errors.subscribe();

const events = serveEvents(bus, {
  path: '/events',
  send: [Reading, Note],
  receive: [Note],
  origins: ['https://desk.example'],
  authorize: ({ headers }) => {
    const token = headers.get('authorization');
    return token === null ? 'unauthenticated' : token === 'Bearer ada';
  },
  bodyTimeoutMs: 300,
});

const server = createServer(fetchListener(events.fetch));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tell({ port: (server.address() as { port: number }).port });
process.on('message', (asked: Asked) => void answer(asked));
// Nobody is left who asks.
process.on('disconnect', () => process.exit());

async function answer({ flood = 0, secret }: Asked): Promise<void> {
  if (secret !== undefined) bus.emit(Secret, secret);
  await emit(flood);
  // What is freed by the first is counted out by the second.
  for (let times = 0; times < 2; times++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const heap = heapUsed + external;
  const { clients, cut, gaps, received, refused, sent } = events.stats();
  const isPolluted = 'admin' in {};
  tell({ rss, heap, clients, cut, gaps, received, refused, sent, notes, secrets: secrets.length, isPolluted });
}

/** Ten events a millisecond, more or less: whoever reads must have the time to. */
async function emit(count: number): Promise<void> {
  const text = 'x'.repeat(200);
  for (let at = 1; at <= count; at++) {
    bus.emit(Reading, { number: ++emitted, text });
    if (at % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

function tell(told: Told): void {
  process.send!(told);
}
