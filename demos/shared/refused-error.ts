/** The server answered, but did not take the request. */
export class RefusedError extends Error {
  /** When it wants to be asked again, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor({ status, headers }: Response) {
    super(`HTTP ${status}`);
    // In seconds. Its other form, a date, is not worth the lines in a demo.
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    this.retryAfterMs = seconds >= 0 ? seconds * 1_000 : undefined;
  }
}
