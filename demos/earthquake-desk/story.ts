import type { DeadLetter } from 'millrace';
import {
  delay,
  endWith,
  filter,
  firstValueFrom,
  fromEvent,
  ignoreElements,
  lastValueFrom,
  merge,
  type Observable,
  skip,
  takeUntil,
} from 'rxjs';
import type { DeskBus } from '../shared/earthquakes/events.ts';
import { counted } from '../shared/text.ts';
import type { AlertEndpoint } from '../shared/earthquakes/alert-endpoint.ts';

export interface StoryOptions {
  readonly bus: DeskBus;
  readonly endpoint: AlertEndpoint;
  /** The simulated time of each poll; completes after the last. */
  readonly clock: Observable<number>;
  /** Simulated time. */
  readonly weekBegins: number;
  readonly say: (line: string) => void;
  /** Ends the story early. */
  readonly signal: AbortSignal;
}

const OUTAGE_AFTER_MS = 95 * 3_600_000;
/** So many alerts die before somebody looks. */
const UNNOTICED = 4;
/** A week that goes by in a moment is over before they have died. */
const PATIENCE_MS = 3_000;

/** In the middle of the week the alert endpoint breaks. Alerts die; somebody sees their letters, repairs it, and redrives them. */
export async function tellStory({ bus, endpoint, clock, weekBegins, say, signal }: StoryOptions): Promise<void> {
  const theEnd = clock.pipe(ignoreElements(), endWith('the end'));
  const deadAlerts = bus.deadLetters.pipe(filter(isAlert));

  const outage = clock.pipe(filter((time) => time > weekBegins + OUTAGE_AFTER_MS));
  if ((await firstValueFrom(outage, { defaultValue: undefined })) === undefined) return;
  endpoint.break();
  say('The alert endpoint breaks: from now on it answers HTTP 500 to everything.');

  const tooLate = merge(theEnd.pipe(delay(PATIENCE_MS)), fromEvent(signal, 'abort'));
  await firstValueFrom(deadAlerts.pipe(skip(UNNOTICED - 1), takeUntil(tooLate)), { defaultValue: undefined });
  if (signal.aborted) return;
  endpoint.heal();
  say('Somebody looks at the dead letters, and repairs the endpoint.');
  await redriveAlerts();

  // Those that died meanwhile, at the end of their attempts.
  await lastValueFrom(theEnd);
  if (!signal.aborted) await redriveAlerts();

  async function redriveAlerts(): Promise<void> {
    const letters = await bus.deadLetters.list({ filter: isAlert });
    if (letters.length === 0) return;
    say(`Redriving ${counted(letters.length, 'dead alert')}, 5 a second.`);
    const { handled, dead } = await bus.deadLetters.redrive({ filter: isAlert, perSecond: 5, signal });
    say(`Redriven: ${handled} handled, ${dead} dead again.`);
  }
}

function isAlert({ handler }: DeadLetter): boolean {
  return handler === 'alert';
}
