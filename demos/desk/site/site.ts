import type { EventsEndpoint } from 'millrace/bridge';
import type { PageFile } from './page-files.ts';

/** Nothing inline, nothing from elsewhere, no code and no markup made of text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
};

/** How this machine calls itself. Under any other name, a foreign page could have itself served from here (DNS rebinding). */
const OWN_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The page and its events, on one origin. */
export function createSite(
  files: ReadonlyMap<string, PageFile>,
  events: Pick<EventsEndpoint, 'fetch'>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { hostname, pathname } = new URL(request.url);
    if (!OWN_NAMES.has(hostname)) return text(403, 'Expected a request for this machine by its own name.');
    if (pathname === '/events') return events.fetch(request);
    const file = files.get(pathname);
    if (file === undefined) return text(404, 'There is nothing here.');
    if (request.method !== 'GET') return text(405, 'Expected GET.');
    return fileResponse(file, request);
  };
}

function fileResponse({ type, bytes, etag, brotli }: PageFile, request: Request): Response {
  const headers = { ...HEADERS, 'content-type': type, vary: 'accept-encoding', etag };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  if (!/\bbr\b/.test(request.headers.get('accept-encoding') ?? '')) return new Response(bytes, { headers });
  return new Response(brotli, { headers: { ...headers, 'content-encoding': 'br' } });
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } });
}
