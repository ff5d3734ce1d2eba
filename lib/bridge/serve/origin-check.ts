import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';

/** Where requests of pages may come from. */
export class OriginCheck {
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #hosts: ReadonlySet<string> | undefined;

  /** @param origins - absent: that of the request's own host only */
  constructor(origins: readonly string[] | undefined) {
    if (origins === undefined) return;
    if (!Array.isArray(origins)) {
      throw new InvalidOptionError(
        `Expected origins to be a list such as ['https://desk.example'], got ${show(origins)}.`,
      );
    }
    const urls = (origins as readonly string[]).map(expectOrigin);
    this.#origins = new Set(urls.map(({ origin }) => origin));
    this.#hosts = new Set(urls.map(({ host }) => host));
  }

  /**
   * Whether a request is of a page that may make it, or of no page at all. Browsers always say the origin of a POST; of a GET, only where it is another one.
   */
  allows({ headers, url }: Request): boolean {
    const origin = headers.get('origin');
    const { host } = new URL(url);
    if (origin !== null) return this.#origins?.has(origin) ?? hostOf(origin) === host;
    switch (headers.get('sec-fetch-site')) {
      case 'cross-site':
      case 'same-site':
        // Such as an image whose address we are: it says no origin.
        return false;
      case 'same-origin':
        // A foreign page can have itself served under our address (DNS rebinding), but only under its own name.
        return this.#hosts?.has(host) ?? true;
      default:
        return true;
    }
  }

  /** What lets a page of another origin read the answer, once it may ask. */
  headersFor({ headers, url }: Request): Readonly<Record<string, string>> {
    const origin = headers.get('origin');
    if (origin === null || this.#origins === undefined || !this.#origins.has(origin)) return { vary: 'origin' };
    if (hostOf(origin) === new URL(url).host) return { vary: 'origin' };
    return {
      vary: 'origin',
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'retry-after',
    };
  }

  /** The answer to a browser that asks before it lets a page of another origin send something. */
  preflight(request: Request, methods: string): Response {
    return new Response(null, {
      status: 204,
      headers: {
        ...this.headersFor(request),
        'access-control-allow-methods': methods,
        'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '',
        'access-control-max-age': '600',
      },
    });
  }
}

/** Not its scheme: in front of us, somebody may speak HTTPS for us. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function expectOrigin(origin: string): URL {
  const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined;
  if (url !== undefined && url.origin === origin) return url;
  throw new InvalidOptionError(
    `Expected origins to hold origins such as 'https://desk.example', without a path, got ${show(origin)}.`,
  );
}
