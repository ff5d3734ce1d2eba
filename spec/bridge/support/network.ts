import type { EventsEndpoint } from 'millrace/bridge';

/** A network between a client and an endpoint that can fail, without sockets: for virtual time. */
export class Network {
  /** What was asked for, in order. */
  readonly requests: Request[] = [];
  #endpoint: Pick<EventsEndpoint, 'fetch'>;
  readonly #links = new Set<() => void>();
  /** `down`: no request gets through; `silent`: requests get through, and nothing comes back. */
  state: 'down' | 'silent' | 'up' = 'up';
  /** Answers instead of the endpoint, if it returns something. */
  answer: ((request: Request) => Promise<Response> | Response | undefined) | undefined;
  /** Changes the answers of the endpoint. */
  onAnswered: ((request: Request) => void) | undefined;

  constructor(endpoint: Pick<EventsEndpoint, 'fetch'>) {
    this.#endpoint = endpoint;
  }

  /** Another server takes over, such as after a restart. */
  replace(endpoint: Pick<EventsEndpoint, 'fetch'>): void {
    this.#endpoint = endpoint;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    this.requests.push(request.clone());
    if (this.state === 'down') throw new TypeError('fetch failed');
    if (this.state === 'silent') return new Promise((_, reject) => onAbort(request.signal, reject));
    const response = (await this.answer?.(request)) ?? (await this.#endpoint.fetch(request));
    this.onAnswered?.(request);
    if ((this.state as string) === 'down') throw new TypeError('fetch failed');
    if (response.body === null || !response.ok || request.method === 'POST') return response;
    return new Response(this.#link(response.body, request.signal), response);
  };

  /** Ends the streams that there are, as a broken connection does. */
  cut(): void {
    for (const end of this.#links) end();
    this.#links.clear();
  }

  /** How often events were asked for. */
  get asked(): number {
    return this.requests.filter(({ method }) => method === 'GET').length;
  }

  #link(body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const end = (): void => {
            reader.cancel().catch(() => undefined);
            controller.error(new TypeError('terminated'));
          };
          this.#links.add(end);
          onAbort(signal, end);
        },
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (this.state === 'silent') return new Promise(() => undefined);
          if (done) controller.close();
          else controller.enqueue(value);
          return undefined;
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }
}

function onAbort(signal: AbortSignal, then: (reason: unknown) => void): void {
  if (signal.aborted) then(signal.reason);
  signal.addEventListener('abort', () => then(signal.reason), { once: true });
}
