import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveLocally } from '../../shared/local-server.ts';
import { type ReceivedSpan, spansOf, type TraceRequest } from './received-span.ts';

/** Traces that are kept; of a standard input that goes on for ever, the oldest are let go. */
const MAX_TRACES = 10_000;

/** Longer than it takes the SDK to send what it has collected. */
const PATIENCE_MS = 5_000;

/** What a collector of OpenTelemetry is to the SDK: it takes spans over OTLP/HTTP, in JSON. */
export interface Receiver extends AsyncDisposable {
  readonly url: URL;
  /** Spans that have come. */
  readonly count: number;
  /** Resolves when so many have come; or when it is clear that they will not. */
  receives(count: number): Promise<void>;
  /** Those of each trace, in the order in which they have ended. */
  readonly traces: ReadonlyMap<string, readonly ReceivedSpan[]>;
}

export async function openReceiver(): Promise<Receiver> {
  const traces = new Map<string, ReceivedSpan[]>();
  const state = { count: 0, traces };

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const span of spansOf((await json(request)) as TraceRequest)) keep(span);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }

  function keep(span: ReceivedSpan): void {
    state.count++;
    const known = traces.get(span.traceId);
    if (known !== undefined) known.push(span);
    else traces.set(span.traceId, [span]);
    if (traces.size > MAX_TRACES) traces.delete(traces.keys().next().value!);
  }

  const server = await serveLocally('/v1/traces', (request, response) => {
    // An exporter is told what was wrong with what it has sent; it does not send that again.
    take(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  async function receives(count: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (state.count < count && performance.now() < deadline) await sleep(20);
  }

  return Object.assign(state, { receives }, server);
}
