/** What went wrong with a request, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  /** What was expected, what came, and what to do. */
  readonly detail: string;
  /** More for programs, such as what became of each event. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Raised where a request cannot go on; answered as a problem. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Answers with a problem. */
export function problemResponse({ status, detail, more, headers }: Problem): Response {
  const body = { type: 'about:blank', title: TITLES[status], status, detail, ...more };
  return jsonResponse(status, body, { 'content-type': 'application/problem+json', ...headers });
}

/** Answers with JSON that nobody may keep, or take for a page. */
export function jsonResponse(status: number, body: unknown, headers?: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}
