import type { Gap } from '../crossing/gap.ts';
import { bytesOf } from '../crossing/text-size.ts';

/** The version of what a server tells its clients beside the events. */
export const STREAM_VERSION = 1;

/** What a client is told first. */
export interface Hello {
  readonly version: number;
  readonly heartbeatMs: number;
}

/** The first words: with the place where the stream begins, so that a client who is cut off before the first event misses nothing. */
export function helloChunk(hello: Hello, id: string | undefined): Uint8Array {
  return bytesOf(`${idLine(id)}event: hello\ndata: ${JSON.stringify(hello)}\n\n`);
}

/** An event, as Server-Sent Events have it. JSON has no raw line ends. */
export function eventChunk(id: string, json: string): Uint8Array {
  return bytesOf(`id: ${id}\ndata: ${json}\n\n`);
}

/** Events are missing here. */
export function gapChunk(gap: Gap, id: string | undefined): Uint8Array {
  return bytesOf(`${idLine(id)}event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
}

/** Nothing has happened up to here. */
export function heartbeatChunk(id: string | undefined): Uint8Array {
  return bytesOf(`: heartbeat\n${idLine(id)}\n`);
}

function idLine(id: string | undefined): string {
  return id === undefined ? '' : `id: ${id}\n`;
}
