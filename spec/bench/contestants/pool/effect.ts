import { Effect, Schedule, Stream } from 'effect';
import type { Job, RunJob } from './job.ts';

/** Pulls: what has no room is not made yet. With keys, every group has a lane and nothing bounds how many run at a time. */
export const runJob: RunJob = (job) => {
  const { events, concurrency, key } = job;
  const processOne = effectOf(job);
  const source = Stream.range(0, events - 1);
  const processed =
    key === undefined
      ? source.pipe(Stream.mapEffect(processOne, { concurrency, unordered: true }))
      : source.pipe(
          Stream.groupByKey(key),
          Stream.mapEffect(([, lane]) => Stream.runForEach(lane, processOne), {
            concurrency: 'unbounded',
            unordered: true,
          }),
        );
  return Effect.runPromise(Stream.runDrain(processed));
};

function effectOf({ handle, timeoutMs, maxAttempts, delayMs, onDead }: Job): (event: number) => Effect.Effect<void> {
  const policy =
    delayMs === 0
      ? { times: maxAttempts - 1 }
      : { times: maxAttempts - 1, schedule: Schedule.spaced(`${delayMs} millis`) };
  const attempt = (event: number): Effect.Effect<void, unknown> => Effect.tryPromise(() => handle(event));
  const limited =
    timeoutMs === undefined ? attempt : (event: number) => attempt(event).pipe(Effect.timeout(`${timeoutMs} millis`));
  return (event) =>
    limited(event).pipe(
      Effect.retry(policy),
      Effect.catch((error) => Effect.sync(() => onDead(event, error))),
    );
}
