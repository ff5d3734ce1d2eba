import type { SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectOneOf, expectOptions, show } from '../../core/options.ts';
import { type DecideRetry, decideRetry, type RetryPolicy } from '../../flow/retry-policy.ts';
import { type AllowList, expectAllowList, expectTraffic } from '../crossing/allow-list.ts';
import { BridgeError } from '../crossing/bridge-error.ts';
import { type AnyBus, schedulerOf } from '../crossing/bridged-bus.ts';
import type { ConnectEventsOptions, OutboxOptions, ResumeStore } from './connect-events-options.ts';

/** What we say of a request. */
interface OwnRequestInit {
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** The options of a connection, checked and complete. */
export interface ConnectionSettings {
  readonly url: string;
  readonly receive: AllowList;
  readonly send: AllowList;
  /** Makes a request with our headers and cookies. */
  readonly request: (init: OwnRequestInit) => Promise<Response>;
  readonly resume: ResumeStore | undefined;
  readonly saveEveryMs: number;
  readonly decideConnect: DecideRetry;
  readonly decideSend: DecideRetry;
  readonly silenceMs: number | undefined;
  readonly maxInFlight: number;
  readonly outgoing: Required<OutboxOptions>;
  readonly publishTimeoutMs: number;
  readonly maxEventBytes: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Checks the options of a connection.
 *
 * @throws InvalidOptionError
 */
export function connectionSettings(bus: AnyBus, url: URL | string, options: ConnectEventsOptions): ConnectionSettings {
  const receive = expectAllowList('receive', options.receive, bus);
  const send = expectAllowList('send', options.send, bus);
  expectTraffic(send, receive);
  const { random = Math.random, resume } = options;
  const policy: RetryPolicy = { ...FOR_EVER, ...expectOptions('retry', options.retry) };
  const address = expectUrl(url);
  return {
    url: address,
    receive,
    send,
    request: requester(address, options),
    resume: expectResume(resume),
    saveEveryMs: expectDelay('saveEveryMs', options.saveEveryMs ?? 1_000),
    decideConnect: decideRetry(policy, random),
    // What waits to be sent is never given up because the server is away: it has a bound.
    decideSend: decideRetry({ ...policy, maxAttempts: Infinity, retryIf: () => true }, random),
    silenceMs: options.silenceMs === undefined ? undefined : expectDelay('silenceMs', options.silenceMs, true),
    maxInFlight: expectCount('maxInFlight', options.maxInFlight ?? 1_024, 1),
    outgoing: outboxOptions(options.outgoing),
    publishTimeoutMs: expectDelay('publishTimeoutMs', options.publishTimeoutMs ?? 30_000, true),
    maxEventBytes: expectCount('maxEventBytes', options.maxEventBytes ?? 262_144, 1),
    scheduler: schedulerOf(bus, options.scheduler),
  };
}

const FOR_EVER: RetryPolicy = /* @__PURE__ */ Object.freeze({
  maxAttempts: Infinity,
  delayMs: 500,
  maxDelayMs: 30_000,
  jitter: 'full',
  retryIf: (error: unknown) => !isRefusal(error),
});

/** Statuses that the same request would be answered with again. */
function isRefusal(error: unknown): boolean {
  const { status = 0 } = error instanceof BridgeError ? error : {};
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

function requester(url: string, options: ConnectEventsOptions): ConnectionSettings['request'] {
  const { headers, credentials = 'same-origin' } = options;
  expectOneOf('credentials', credentials, ['same-origin', 'include', 'omit']);
  const fetchOnce = expectFunction('fetch', options.fetch) ?? ((address, init) => fetch(address, init));
  return async (init) => {
    const own = typeof headers === 'function' ? await headers() : headers;
    // Ours win: they say what the request is.
    return fetchOnce(url, {
      ...init,
      credentials,
      cache: 'no-store',
      headers: { ...own, ...init.headers },
    });
  };
}

function outboxOptions(options: OutboxOptions | undefined): Required<OutboxOptions> {
  const { capacity = 1_024, overflow = 'drop-newest' } = expectOptions('outgoing', options) ?? {};
  expectCount('outgoing.capacity', capacity, 1);
  expectOneOf('outgoing.overflow', overflow, ['drop-newest', 'drop-oldest']);
  return { capacity, overflow };
}

function expectResume(resume: ResumeStore | undefined): ResumeStore | undefined {
  if (resume === undefined) return undefined;
  const { load, save } = (expectOptions('resume', resume) ?? {}) as Partial<ResumeStore>;
  expectFunction('resume.load', load, true);
  expectFunction('resume.save', save, true);
  return resume;
}

function expectUrl(url: URL | string): string {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  const base = location?.href;
  if (URL.canParse(String(url), base)) return new URL(String(url), base).href;
  throw new InvalidOptionError(
    `Expected url to be an address, such as '/events' in a page, got ${show(url)}. Outside of pages, write it in full: 'https://desk.example/events'.`,
  );
}
