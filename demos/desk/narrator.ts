import { headline, type Alert, StrongQuakeSeen, SwarmFound } from '../shared/earthquakes/events.ts';
import { counted, grouped } from '../shared/text.ts';
import type { Options } from './options.ts';
import type { Desk } from './server/desk.ts';

export interface IntroductionOptions {
  readonly options: Options;
  readonly code: string;
  readonly pageUrl: URL;
  readonly folder: string;
}

/** Says what there is to see, and where. */
export function introduce({ options, code, pageUrl, folder }: IntroductionOptions): void {
  for (const line of [
    `The earthquake desk as a page: a real week of earthquakes, ${grouped(options.speed)} times as fast (seed ${options.seed}).`,
    '',
    `page    ${pageUrl.href}`,
    `code    ${code}  whoever has it may redrive dead letters`,
    `events  ${folder}`,
    '',
    'Open the page in two tabs; reload one, close the other. Stop this program, and start it again',
    `with --out ${folder} --port ${pageUrl.port}: the page goes on without a gap.`,
    '',
  ]) {
    console.log(line);
  }
}

export interface NarratorOptions {
  readonly desk: Desk;
  /** Quakes that are in the log from an earlier run. */
  readonly known: number;
  readonly say: (line: string) => void;
}

/** Tells what is new. It only subscribes. */
export function narrate({ desk: { bus, log, alerts }, known, say }: NarratorOptions): void {
  if (known > 0) say(`The log has ${counted(known, 'quake')} already: the week goes on behind them.`);
  bus.events(SwarmFound).subscribe((swarm) => {
    if (!log.has(swarm.id)) say(`Found a ${headline(swarm)}.`);
  });
  bus.events(StrongQuakeSeen).subscribe((quake) => {
    if (quake.data.magnitude >= 6 && !log.has(quake.id)) say(`Major: ${headline(quake)}.`);
  });
  alerts.projection.deadLetters.subscribe(({ event, reason, attempts }) => {
    say(`Dead letter: "${headline(event as Alert)}", ${reason} after ${counted(attempts.length, 'attempt')}.`);
  });
}
