import type { EventsEndpoint } from 'millrace/bridge';
import { SseReader } from './sse.ts';

export const ADDRESS = 'http://desk.example/events';

/** A request to be sent events. */
export function subscribing(headers: Record<string, string> = {}, signal?: AbortSignal): Request {
  return new Request(ADDRESS, { headers: { accept: 'text/event-stream', ...headers }, signal: signal ?? null });
}

/** A CloudEvent in JSON. */
export function cloudEventOf(type: string, data: unknown, id = 'e1'): Record<string, unknown> {
  return { specversion: '1.0', id, type, source: 'spec', time: '2026-11-23T00:00:00Z', data };
}

/** A request that publishes an event, a batch, or any text. */
export function publishing(body: unknown, headers: Record<string, string> = {}): Request {
  const kind = Array.isArray(body) ? 'cloudevents-batch' : 'cloudevents';
  return new Request(ADDRESS, {
    method: 'POST',
    headers: { 'content-type': `application/${kind}+json`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Subscribes, and reads the greeting. */
export async function subscribe(
  { fetch }: Pick<EventsEndpoint, 'fetch'>,
  headers?: Record<string, string>,
): Promise<SseReader> {
  const reader = new SseReader(await fetch(subscribing(headers)));
  const hello = await reader.next();
  if (hello?.event !== 'hello') throw new Error(`Expected a greeting first, got ${JSON.stringify(hello)}.`);
  return reader;
}

/** What an answer says went wrong. */
export async function problemOf(
  response: Response,
): Promise<{ status: number; detail: string; [more: string]: unknown }> {
  return (await response.json()) as { status: number; detail: string };
}
