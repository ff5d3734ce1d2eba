import { retryWithBackoff } from 'millrace';
import { catchError, EMPTY, exhaustMap, type Observable, takeUntil, timeout, timer } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';
import { z } from 'zod';
import { DemoError } from '../../shared/demo-error.ts';
import { textOf } from '../../shared/text.ts';

/** The part of a GeoJSON summary that the desk needs. Its records are unknown until each of them is checked. */
const summary = z.object({
  metadata: z.object({ generated: z.number() }),
  features: z.array(z.unknown()),
});

export type Summary = z.infer<typeof summary>;

export interface PollOptions {
  readonly url: URL;
  readonly everyMs: number;
  /** Ends the polling; a poll in flight is finished. */
  readonly until: Observable<unknown>;
  /** Told of a poll that failed in spite of its retries. If the first one does, the address is wrong: that is an error. */
  readonly onFailed: (error: unknown) => void;
}

/** Fetches a feed again and again, one poll at a time. Unsubscribing aborts a request in flight. */
export function pollFeed({ url, everyMs, until, onFailed }: PollOptions): Observable<Summary> {
  const fetchSummary = fromFetch(url.href, { selector: readSummary }).pipe(
    timeout(10_000),
    retryWithBackoff({ maxAttempts: 3, delayMs: 200 }),
  );
  return timer(0, everyMs).pipe(
    // Before exhaustMap: after it, the poll in flight would be lost.
    takeUntil(until),
    exhaustMap((_, index) =>
      fetchSummary.pipe(
        catchError((error: unknown) => {
          if (index === 0) throw noFeed(url, error);
          onFailed(error);
          return EMPTY;
        }),
      ),
    ),
  );
}

async function readSummary(response: Response): Promise<Summary> {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const { data } = summary.safeParse(await response.json().catch(() => undefined));
  if (data === undefined) throw new Error('something else than a GeoJSON summary of earthquakes');
  return data;
}

/** There is no feed at this address. */
function noFeed(url: URL, cause: unknown): DemoError {
  return new DemoError(`Expected a feed at ${url.href}, got ${textOf(cause)}.`, { cause });
}
