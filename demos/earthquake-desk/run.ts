import { createEventBus } from 'millrace';
import { delay, finalize, fromEvent, lastValueFrom, Subject, takeUntil, takeWhile, tap } from 'rxjs';
import { openDesk } from './desk.ts';
import { events } from '../shared/earthquakes/events.ts';
import { introduce, narrate } from './narrator.ts';
import type { Options } from './options.ts';
import { IntakeCounts, takeIn } from './pipeline/intake.ts';
import { pollFeed } from './pipeline/poll.ts';
import { openScreen } from './screen/open-screen.ts';
import { openFolder } from '../shared/folder.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { tellStory } from './story.ts';
import { summarize } from './summary.ts';
import { counted, dateOf, textOf } from '../shared/text.ts';
import { startAlertEndpoint } from '../shared/earthquakes/alert-endpoint.ts';
import { startFeedServer } from './world/feed-server.ts';

const MINUTE_MS = 60_000;
/** How often the replay is polled, in its own time. */
const REPLAY_POLL_MS = 20 * MINUTE_MS;
/** What is pending at the end of the week has time; somebody who presses Ctrl-C has not. */
const DRAIN_MS = 20_000;
const STOP_MS = 5_000;

/**
 * Starts the world outside, opens the desk, polls until the end, drains, and accounts for everything.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a folder that cannot be written, DemoError if there is no feed
 */
export async function run(options: Options): Promise<number> {
  const stop = stopSignal();
  const folder = await openFolder('earthquake-desk', options.out);
  await using endpoint = await startAlertEndpoint(options);
  await using feed = options.url === undefined ? await startFeedServer(options) : undefined;
  const feedUrl = options.url ?? feed!.url;

  using bus = createEventBus({ events, source: 'earthquake-desk' });
  const intake = new IntakeCounts();
  const desk = await openDesk(bus, { ...options, folder, alertUrl: endpoint.url, batchSize: feed ? 50 : 1 });
  const screen = openScreen(process.stdout);
  const say = (line: string): void => screen.say(`${dateOf(intake.clock)}  ${line}`);
  introduce({ screen, options, feedUrl, alertUrl: endpoint.url, folder });
  const narration = narrate({ bus, desk, intake, feed, screen, say });

  const stopped = fromEvent(stop, 'abort');
  const clock = new Subject<number>();
  const polls = pollFeed({
    url: feedUrl,
    until: stopped,
    everyMs: feed ? Math.min(REPLAY_POLL_MS / options.speed, MINUTE_MS) : MINUTE_MS,
    onFailed: (error) => say(`A poll failed; the next one will bring what it missed. ${textOf(error)}`),
  }).pipe(
    takeWhile(({ metadata }) => metadata.generated !== feed?.end, true),
    takeUntil(stopped.pipe(delay(STOP_MS))),
    tap(({ metadata }) => clock.next(metadata.generated)),
    finalize(() => clock.complete()),
  );
  const story = feed && tellStory({ bus, endpoint, clock, weekBegins: feed.start, say, signal: stop });
  try {
    await lastValueFrom(takeIn(polls, bus, intake), { defaultValue: undefined });
    await Promise.race([story, aborted(stop)]);
    say(stop.aborted ? 'Stopped: no more polls. What is pending is finished.' : 'The week is over.');
    void aborted(stop).then(() => bus.drain({ deadlineMs: STOP_MS }));
    const { abandoned } = await bus.drain({ deadlineMs: DRAIN_MS });
    if (abandoned > 0) say(`Not finished in time, and dead letters now: ${counted(abandoned, 'event')}.`);
    await Promise.all([story, desk.journal.written]);
  } finally {
    narration.unsubscribe();
    screen.close();
  }

  const { emitted } = bus.stats();
  const letters = await bus.deadLetters.list();
  const { lines, holds } = await summarize({ desk, emitted, intake, letters, endpoint, feed });
  for (const line of lines) screen.say(line);
  return holds ? 0 : 1;
}
