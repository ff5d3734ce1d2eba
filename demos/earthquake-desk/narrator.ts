import { type DeadLetter, SchemaError } from 'millrace';
import { distinctUntilChanged, exhaustMap, filter, interval, map, skip, Subscription } from 'rxjs';
import type { Desk } from './desk.ts';
import {
  type AlertMessage,
  type DeskBus,
  headline,
  StrongQuakeSeen,
  SwarmFound,
} from '../shared/earthquakes/events.ts';
import type { Options } from './options.ts';
import type { IntakeCounts } from './pipeline/intake.ts';
import type { Screen } from './screen/screen.ts';
import { counted, grouped, textOf } from '../shared/text.ts';
import type { FeedServer } from './world/feed-server.ts';

export interface IntroductionOptions {
  readonly screen: Screen;
  readonly options: Options;
  readonly feedUrl: URL;
  readonly alertUrl: URL;
  readonly folder: string;
}

/** Says what is going to happen, and where. */
export function introduce({ screen, options, feedUrl, alertUrl, folder }: IntroductionOptions): void {
  const { url, speed, seed, concurrency } = options;
  const what =
    url === undefined
      ? `a real week of earthquakes, ${grouped(speed)} times as fast (seed ${seed})`
      : 'a live feed, until Ctrl-C';
  const lines = [
    `The earthquake desk: ${what}.`,
    'Each record of the feed is checked, taken once, and handed to five handlers:',
    '',
    `  network-pages  writes a page per network: in order per network, ${counted(concurrency, 'page')} at a time`,
    '  strong-quakes  picks out magnitude 4.5 and more',
    '  swarm-finder   looks for many quakes in one place within hours',
    '  alert          posts what both find to an endpoint that is slow, busy, or hangs',
    '  ticker         shows headlines at a pace to read, and drops what is too much',
    '',
    `feed    ${feedUrl.href}`,
    `alerts  ${alertUrl.href}`,
    `files   ${folder}`,
    '',
  ];
  for (const line of lines) screen.say(line);
}

export interface NarratorOptions {
  readonly bus: DeskBus;
  readonly desk: Desk;
  readonly intake: IntakeCounts;
  readonly feed: FeedServer | undefined;
  readonly screen: Screen;
  readonly say: (line: string) => void;
}

/** Tells what a person at the desk would want to know. It only subscribes: without it, all would be the same. */
export function narrate({ bus, desk, intake, feed, screen, say }: NarratorOptions): Subscription {
  const all = new Subscription();
  const status = interval(screen.refreshMs).pipe(exhaustMap(() => bus.deadLetters.list()));
  const majorQuakes = bus.events(StrongQuakeSeen).pipe(filter(({ data }) => data.magnitude >= 6));
  // A circuit does not tell: it is asked.
  const circuit = interval(50).pipe(
    map(() => desk.handlers.map((handler) => handler.stats().circuit)),
    // Half-open, it is only being tried.
    map((circuits) => circuits.includes('open') || circuits.includes('half-open')),
    distinctUntilChanged(),
    skip(1),
  );

  all.add(
    status.subscribe((letters) =>
      screen.show({
        progress: feed && (intake.clock - feed.start) / (feed.end - feed.start),
        intake,
        journal: desk.journal,
        handlers: desk.handlers.map((handler) => handler.stats()),
        letters: letters.length,
        headline: desk.ticker.shown,
      }),
    ),
  );
  all.add(bus.events(SwarmFound).subscribe((swarm) => say(`Found a ${headline(swarm)}.`)));
  all.add(majorQuakes.subscribe((quake) => say(`Major: ${headline(quake)}.`)));
  all.add(circuit.subscribe((isOpen) => say(isOpen ? CIRCUIT_OPENS : CIRCUIT_CLOSES)));
  all.add(bus.deadLetters.subscribe((letter) => say(`Dead letter: ${describe(letter)}`)));
  desk.journal.written.catch((error: unknown) => say(`The journal cannot be written: ${textOf(error)}`));
  all.add(bus.errors.subscribe(({ kind, error }) => say(`Error (${kind}): ${textOf(error)}`)));
  return all;
}

const CIRCUIT_OPENS = 'The circuit opens: alerts wait, and keep their attempts.';
const CIRCUIT_CLOSES = 'The circuit closes: alerts flow again.';

function describe({ handler, event, reason, error, attempts }: DeadLetter): string {
  if (error instanceof SchemaError) {
    const [issue] = error.issues;
    return `a record that is ${reason}. ${issue?.path.join('.')}: ${issue?.message}`;
  }
  const text = reason === 'abandoned' ? '' : textOf(error);
  return `${handler} "${headline(event as AlertMessage)}", ${reason} after ${counted(attempts.length, 'attempt')}. ${text}`;
}
