import {
  catchError,
  concatMap,
  defer,
  groupBy,
  mergeMap,
  type Observable,
  of,
  type OperatorFunction,
  pipe,
  retry,
  Subject,
  timeout,
} from 'rxjs';
import type { Job, RunJob } from './job.ts';

/**
 * `mergeMap` keeps what waits in an array without a bound, so its source is refilled whenever nothing waits. With keys, every group has
 * a lane and nothing bounds how many run at a time.
 */
export const runJob: RunJob = (job) =>
  new Promise((resolve, reject) => {
    const { events, concurrency, capacity } = job;
    const source = new Subject<number>();
    let sent = 0;
    let ended = 0;
    const refill = (): void => {
      const until = Math.min(events, sent + capacity);
      while (sent < until) source.next(sent++);
      if (sent === events) source.complete();
    };
    const onEnded = (): void => {
      ended++;
      if (sent < events && sent - ended <= concurrency) refill();
    };
    source.pipe(processEach(job)).subscribe({ next: onEnded, error: reject, complete: resolve });
    refill();
  });

function processEach({ key, concurrency, ...job }: Job): OperatorFunction<number, void> {
  const project = projectOf(job);
  if (key === undefined) return mergeMap(project, concurrency);
  return pipe(
    groupBy(key),
    mergeMap((lane) => lane.pipe(concatMap(project))),
  );
}

function projectOf({
  handle,
  timeoutMs,
  maxAttempts,
  delayMs,
  onDead,
}: Omit<Job, 'concurrency' | 'key'>): (event: number) => Observable<void> {
  const policy = { count: maxAttempts - 1, delay: delayMs };
  const attempt = (event: number): Observable<void> => defer(() => handle(event));
  const limited =
    timeoutMs === undefined ? attempt : (event: number) => attempt(event).pipe(timeout({ each: timeoutMs }));
  return (event) =>
    limited(event).pipe(
      retry(policy),
      catchError((error: unknown) => of(onDead(event, error))),
    );
}
